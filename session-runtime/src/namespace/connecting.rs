//! A socket on its way into its namespace: the guards let it in, and once its client has been told, its events begin.

use std::{
    fmt,
    marker::PhantomData,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use socketioxide::{
    adapter::Adapter,
    handler::{ConnectHandler, ConnectMiddleware},
    socket::Socket,
};
use socketioxide_core::Value;
use tokio::{sync::oneshot, time::timeout};

use super::{Admitted, Joined, Namespace};
use crate::{
    after::extracting,
    connection::Connection,
    event::{Call, Job, guarded},
    gate::Gate,
    handler::{ConnectParts, Rejection},
    metering,
    reply::Reply,
    seat::{Seat, SocketSeat},
    store::Loaded,
};

type Refused = Box<dyn fmt::Display + Send>;
type Admission<'a> = Pin<Box<dyn Future<Output = Result<(), Refused>> + Send + 'a>>;

/// Kept in the socket's extensions between its admission and its connection.
#[derive(Clone)]
struct Waiting(Arc<Mutex<Option<Entry>>>);

struct Entry {
    joined: Arc<Joined>,
    /// Lets the connect handler, which has its place in the queue already, begin.
    begin: Option<oneshot::Sender<()>>,
}

impl<A: Adapter> Namespace<A> {
    /// Asks the guards, and prepares the socket. Nothing can be sent to it yet.
    #[expect(clippy::ref_option, reason = "socketioxide's extractors want it so")]
    async fn admit(&self, socket: &Arc<Socket<A>>, auth: &Option<Value>) -> Result<(), Refused> {
        let Some(connection) = socket.req_parts().extensions.get::<Arc<Connection>>().cloned() else {
            tracing::error!(
                namespace = socket.ns(),
                "a socket came past `sessions.layer(…)`: mount that layer in the place of socketioxide's own"
            );
            return Err(Box::new("the session layer is missing"));
        };
        if connection.core.shutdown.has_begun() {
            return Err(close_unanswered(&connection).await);
        }
        let rules = &self.rules;
        let mut parts = ConnectParts { socket, auth };
        let prepared = rules.guards.iter().map(|guard| Ok((guard, guard.guard.at_connect(&mut parts)?)));
        let prepared: Vec<_> = prepared.collect::<Result<_, Rejection>>().map_err(refused)?;
        let (connecting, after) = match rules.connect {
            Some(connect) => {
                let (connecting, after) = extracting(|| connect(&mut parts));
                (Some(connecting.map_err(refused)?), after)
            }
            None => (None, None),
        };

        if !prepared.is_empty() {
            let fields = match connection.look().await {
                Ok(Loaded::Live(record)) => Some(record.fields),
                Ok(Loaded::Gone) => None,
                // its client comes back with the new cookie
                Ok(Loaded::Rotated) => return Err(close_unanswered(&connection).await),
                Err(error) => {
                    tracing::warn!(%error, "a socket could not connect, for the session store failed");
                    return Err(close_unanswered(&connection).await);
                }
            };
            for (guard, asked) in prepared {
                if fields.is_none() && !guard.guard.is_optional() {
                    return Err(Box::new(guard.message.clone()));
                }
                let limit = connection.core.engine.limits.handler;
                match timeout(limit, guarded(asked, fields.as_ref())).await {
                    Ok(Ok(true)) => {}
                    Ok(Ok(false)) | Err(_) => return Err(Box::new(guard.message.clone())),
                    Ok(Err(error)) => {
                        tracing::debug!(code = error.code(), message = error.message(), "a guard refused a socket");
                        return Err(Box::new(guard.message.clone()));
                    }
                }
            }
        }

        let seat: Arc<dyn Seat> = Arc::new(SocketSeat {
            socket: Arc::downgrade(socket),
            namespace: Arc::clone(rules),
            auth: rules.guards.iter().any(|guard| guard.guard.asks()).then(|| Box::new(auth.clone())),
        });
        if let Some(bound) = &connection.session {
            socket.join(bound.key.room());
        }
        let joined = Arc::new(Joined { connection, seat, gate: Gate::default() });
        let admitted = Arc::new(Admitted { joined: Arc::clone(&joined), namespace: Arc::clone(rules) });
        for (_, register) in &rules.events {
            register(socket, &admitted);
        }
        for register in [&rules.fallback, &rules.disconnect].into_iter().flatten() {
            register(socket, &admitted);
        }
        let begin = connecting.map(|(work, needs)| {
            // its place in the queue is before the first event's; it begins when the client has been told
            let (begin, allowed) = oneshot::channel();
            let call = Call { joined: Arc::clone(&joined), needs, after, fresh: None };
            let place = call.enqueue(0, false);
            let socket = Arc::downgrade(socket);
            tokio::spawn(joined.connection.core.shutdown.handling(async move {
                if allowed.await.is_ok()
                    && let Some(socket) = socket.upgrade()
                {
                    call.perform(
                        place,
                        Job { asked: Vec::new(), work },
                        Reply { socket, ack: None, event: "connect".into() },
                    )
                    .await;
                }
            }));
            begin
        });
        let entry = Entry { joined, begin };
        socket.extensions.insert(Waiting(Arc::new(Mutex::new(Some(entry)))));
        Ok(())
    }
}

/// Why an extractor keeps a socket from connecting.
fn refused(rejection: Rejection) -> Refused {
    Box::new(rejection.into_error().message().to_owned())
}

/// For how long a refused socket is kept from being told: long enough for its transport to close.
const UNTOLD: Duration = Duration::from_secs(2);

/// A client that is told `connect_error` does not come back; one whose transport closes does. So the transport is
/// closed first, and the error then finds nobody.
async fn close_unanswered(connection: &Arc<Connection>) -> Refused {
    connection.close();
    tokio::time::sleep(UNTOLD).await;
    Box::new("the connection is closing")
}

impl<A: Adapter> ConnectHandler<A, Guarded> for Namespace<A> {
    fn call(&self, socket: Arc<Socket<A>>, _: Option<Value>) {
        let entry = socket
            .extensions
            .remove::<Waiting>()
            .and_then(|waiting| waiting.0.lock().unwrap_or_else(PoisonError::into_inner).take());
        let Some(Entry { joined, begin }) = entry else {
            // nobody asked the guards: fail closed
            tracing::error!(namespace = socket.ns(), "a socket was not admitted by its namespace's guards");
            let _ = socket.disconnect();
            return;
        };
        let Joined { connection, seat, gate } = &*joined;
        connection.seat(Arc::clone(seat));
        metering::seated(&socket);
        gate.open();
        if connection.has_ended() {
            // after the guards were asked and before the socket could be told with the others
            if let Some(why) = connection.why_it_ended() {
                seat.say(why);
            }
            if connection.has_moved() {
                connection.close();
            } else {
                seat.disconnect();
            }
            return;
        }
        // a save that came between the guards' look and the seat told nobody
        if let Some(bound) = connection.session.filter(|_| !self.rules.guards.is_empty()) {
            connection.core.recheck(bound.key);
        }
        if let Some(begin) = begin {
            let _ = begin.send(());
        }
    }

    fn call_middleware<'a>(&'a self, socket: Arc<Socket<A>>, auth: &'a Option<Value>) -> Admission<'a> {
        Box::pin(async move { self.admit(&socket, auth).await })
    }

    // socketioxide's own would leave out our guards
    fn with<M, T>(self, middleware: M) -> impl ConnectHandler<A, Guarded>
    where
        M: ConnectMiddleware<A, T> + Send + Sync + 'static,
        T: Send + Sync + 'static,
    {
        Layered { inner: self, middleware, marker: PhantomData }
    }
}

/// Names our connect handler among socketioxide's.
#[derive(Debug)]
pub enum Guarded {}

/// A namespace behind a middleware of the user's.
struct Layered<H, M, T> {
    inner: H,
    middleware: M,
    marker: PhantomData<fn() -> T>,
}

impl<H: Clone, M: Clone, T> Clone for Layered<H, M, T> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), middleware: self.middleware.clone(), marker: PhantomData }
    }
}

impl<A, H, M, T> ConnectHandler<A, Guarded> for Layered<H, M, T>
where
    A: Adapter,
    H: ConnectHandler<A, Guarded>,
    M: ConnectMiddleware<A, T> + Send + Sync + 'static,
    T: Send + Sync + 'static,
{
    fn call(&self, socket: Arc<Socket<A>>, auth: Option<Value>) {
        self.inner.call(socket, auth);
    }

    fn call_middleware<'a>(&'a self, socket: Arc<Socket<A>>, auth: &'a Option<Value>) -> Admission<'a> {
        Box::pin(async move {
            self.middleware.call(Arc::clone(&socket), auth).await?;
            self.inner.call_middleware(socket, auth).await
        })
    }

    fn with<M2, T2>(self, middleware: M2) -> impl ConnectHandler<A, Guarded>
    where
        M2: ConnectMiddleware<A, T2> + Send + Sync + 'static,
        T2: Send + Sync + 'static,
    {
        Layered { inner: self, middleware, marker: PhantomData }
    }
}
