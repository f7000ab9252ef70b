//! `#[on_disconnect]`: what runs when a socket has gone.

use std::{marker::PhantomData, sync::Arc};

use futures_util::FutureExt as _;
use socketioxide::{
    adapter::Adapter,
    handler::DisconnectHandler,
    socket::{DisconnectReason, Socket},
};

use crate::{
    connection::Connection,
    handler::{Disconnect, DisconnectParts},
    namespace::Admitted,
    record::Fields,
    view::Views,
};

/// What runs when a socket has gone.
pub(crate) struct Leaving<A: Adapter, D> {
    pub(crate) admitted: Arc<Admitted<A>>,
    pub(crate) handler: PhantomData<fn() -> D>,
}

impl<A: Adapter, D: Disconnect<A>> DisconnectHandler<A, PhantomData<fn() -> D>> for Leaving<A, D> {
    fn call_with_defer(&self, socket: Arc<Socket<A>>, reason: DisconnectReason, defer: fn(Arc<Socket<A>>)) {
        let connection = Arc::clone(&self.admitted.joined.connection);
        let args = D::args(&mut DisconnectParts { socket: &socket, reason });
        let core = Arc::clone(&connection.core);
        core.engine.spawn(core.shutdown.handling(async move {
            match args {
                Ok(args) => {
                    let fields = match connection.load().await {
                        Ok(Some(record)) => Some(record.fields),
                        Ok(None) | Err(_) => connection.last_known(),
                    };
                    leave::<A, D>(&connection, fields.as_ref(), args).await;
                }
                Err(rejection) => {
                    tracing::warn!(expected = %rejection.expected, "a disconnect handler could not run");
                }
            }
            defer(socket);
        }));
    }
}

async fn leave<A: Adapter, D: Disconnect<A>>(connection: &Connection, fields: Option<&Fields>, args: D::Args) {
    let views = match D::Views::load(fields) {
        Ok(views) => views,
        Err(error) => return tracing::warn!(%error, "a disconnect handler could not run"),
    };
    let running = std::panic::AssertUnwindSafe(D::run(views, args)).catch_unwind();
    match tokio::time::timeout(connection.core.engine.limits.handler, running).await {
        Ok(Ok((_, Ok(_)))) => {}
        Ok(Ok((_, Err(error)))) => {
            tracing::warn!(code = error.code(), "a disconnect handler failed");
        }
        Ok(Err(_panic)) => tracing::error!("a disconnect handler panicked"),
        Err(_) => tracing::warn!("a disconnect handler ran for too long"),
    }
}
