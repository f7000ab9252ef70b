//! An event that has come: its arguments, its guards, and its place in the session's queue.

mod call;
mod current;

use std::{
    borrow::Cow,
    marker::PhantomData,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use socketioxide::{adapter::Adapter, handler::MessageHandler, socket::Socket};
use socketioxide_core::Value;

pub(crate) use self::call::{Call, Fresh, Guarding, Job, Needs, Work, guarded, work};
pub(crate) use self::current::{current_socket, is_held};

use crate::{
    after::extracting,
    burst::{self, Pace},
    error::EventError,
    guard::EventGuard,
    handler::{Event, EventParts, Fallback, Handler, Rejection},
    namespace::Admitted,
    reply::{Outcome, Reply},
    view::Access,
};

/// One registered handler of one socket.
pub(crate) struct Endpoint<A: Adapter, E> {
    pub(crate) admitted: Arc<Admitted<A>>,
    /// Each socket has an endpoint for each event.
    pub(crate) shared: Arc<Shared<A>>,
    pub(crate) kind: PhantomData<fn() -> E>,
}

/// What the endpoints of all sockets for one event have in common.
pub(crate) struct Shared<A: Adapter> {
    pub(crate) guard: Option<EventGuard<A>>,
    pace: Arc<Pace>,
}

impl<A: Adapter> Shared<A> {
    pub(crate) fn new(guard: Option<EventGuard<A>>) -> Arc<Self> {
        Arc::new(Self { guard, pace: Arc::default() })
    }
}

/// Marks a handler of one event.
pub(crate) struct OnEvent<E>(PhantomData<E>);
/// Marks a handler of the events that no other handles.
pub(crate) struct OnFallback<E>(PhantomData<E>);

/// What an endpoint does when its event comes: its name, and its arguments.
trait Kind<A: Adapter> {
    type Handler: Handler<A, Output = Outcome>;
    const FRESH: Option<Duration> = None;
    fn args(parts: &mut EventParts<'_, A>) -> Result<<Self::Handler as Handler<A>>::Args, Rejection>;
    fn event(parts: &mut EventParts<'_, A>) -> Cow<'static, str>;
}

impl<A: Adapter, E: Event<A>> Kind<A> for OnEvent<E> {
    type Handler = E;
    const FRESH: Option<Duration> = E::FRESH;

    fn args(parts: &mut EventParts<'_, A>) -> Result<E::Args, Rejection> {
        E::args(parts)
    }

    fn event(_: &mut EventParts<'_, A>) -> Cow<'static, str> {
        E::NAME.into()
    }
}

impl<A: Adapter, E: Fallback<A>> Kind<A> for OnFallback<E> {
    type Handler = E;

    fn args(parts: &mut EventParts<'_, A>) -> Result<E::Args, Rejection> {
        E::args(parts)
    }

    fn event(parts: &mut EventParts<'_, A>) -> Cow<'static, str> {
        use crate::handler::FromEvent;
        socketioxide::extract::Event::from_event(parts).map_or(Cow::Borrowed(""), |event| event.0.into())
    }
}

impl<A: Adapter, K: Kind<A> + 'static> MessageHandler<A, PhantomData<fn() -> K>> for Endpoint<A, K> {
    /// Called in the order in which the events arrived, one after the other: this is where an event takes its place in
    /// the session's queue.
    fn call(&self, socket: Arc<Socket<A>>, mut value: Value, ack: Option<i64>) {
        let connection = &self.admitted.joined.connection;
        let bytes = length(&value);
        let mut parts = EventParts { socket: &socket, value: &mut value, ack };
        let reply = Reply { event: K::event(&mut parts), socket: Arc::clone(&socket), ack };
        if connection.core.shutdown.has_begun() {
            return self.refuse(reply, EventError::shutting_down());
        }
        // a user's extractor that panics must not end socketioxide's reading task
        let extracted = catch_unwind(AssertUnwindSafe(|| {
            let asked = self.ask(&mut parts)?;
            let (args, after) = extracting(|| K::args(&mut parts));
            Ok::<_, Rejection>((asked, args?, after))
        }));
        let error = match extracted {
            Ok(Ok((asked, args, after))) => {
                let call = Call {
                    joined: Arc::clone(&self.admitted.joined),
                    needs: Needs::of::<<K::Handler as Handler<A>>::Views>(),
                    after,
                    fresh: K::FRESH.and_then(|age| Fresh::find(connection, age)),
                };
                let place = call.enqueue(bytes, call.joined.gate.is_open());
                let job = Job { asked, work: work::<A, K::Handler>(args) };
                // whoever writes waits for those before it anyway
                let at_once = call.needs.access == Access::Write && connection.core.engine.store().at_once();
                let running = connection.core.shutdown.handling(call.perform(place, job, reply));
                if at_once {
                    burst::begin(running, &self.shared.pace);
                } else {
                    tokio::spawn(running);
                }
                return;
            }
            Ok(Err(rejection)) => rejection.into_error(),
            Err(_panic) => EventError::hidden(),
        };
        self.refuse(reply, error);
    }
}

impl<A: Adapter, K> Endpoint<A, K> {
    /// Answers an event whose handler does not run.
    fn refuse(&self, reply: Reply<A>, error: EventError) {
        let joined = Arc::clone(&self.admitted.joined);
        tokio::spawn(async move {
            joined.gate.pass().await;
            reply.send(&joined.connection, &Err(error)).await;
        });
    }

    /// The namespace's guards, then the event's own; each prepared while the event's parts are at hand.
    fn ask(&self, parts: &mut EventParts<'_, A>) -> Result<Vec<Guarding>, Rejection> {
        let guards = &self.admitted.namespace.guards;
        let mut asked = Vec::with_capacity(guards.len() + usize::from(self.shared.guard.is_some()));
        for guard in guards {
            asked.push(Guarding { asked: guard.guard.at_event(parts)?, message: guard.message.clone(), expels: true });
        }
        if let Some(guard) = &self.shared.guard {
            asked.push(Guarding {
                asked: guard.at_event(parts)?,
                message: "this is not allowed".into(),
                expels: false,
            });
        }
        Ok(asked)
    }
}

fn length(value: &Value) -> usize {
    match value {
        Value::Str(text, None) => text.len(),
        Value::Str(text, Some(binaries)) => text.len() + binaries.iter().map(bytes::Bytes::len).sum::<usize>(),
        Value::Bytes(bytes) => bytes.len(),
    }
}
