//! What is measured, and by which names.

use std::sync::Arc;

use socketioxide::{adapter::Adapter, socket::Socket};
use tokio::time::Instant;

#[cfg(feature = "inspector")]
use super::counts;
use crate::{
    reached::Why,
    reply::Outcome,
    store::{Acquired, StoreError},
};

/// Connections of Socket.IO on this node.
#[cfg(feature = "metrics")]
const CONNECTIONS: &str = "socket_session_connections";
/// Sessions that have at least one of them.
#[cfg(feature = "metrics")]
const SESSIONS: &str = "socket_session_sessions";
/// Sockets that their namespaces have admitted.
#[cfg(feature = "metrics")]
const SOCKETS: &str = "socket_session_sockets";
#[cfg(feature = "metrics")]
const EVENTS: &str = "socket_session_events_total";
#[cfg(feature = "metrics")]
const CLOSES: &str = "socket_session_closes_total";
#[cfg(feature = "metrics")]
const QUEUE_WAIT: &str = "socket_session_queue_wait_seconds";
#[cfg(feature = "metrics")]
const STORE: &str = "socket_session_store_seconds";
#[cfg(feature = "metrics")]
const LEASE_WAIT: &str = "socket_session_lease_wait_seconds";

/// The codes that the library answers with; all others are those of the application's handlers.
pub(super) const CODES: [&str; 12] = [
    "handler",
    "unauthorized",
    "no_session",
    "invalid_payload",
    "unserializable",
    "timeout",
    "overloaded",
    "session_gone",
    "session_corrupt",
    "store_unavailable",
    "unknown",
    "shutting_down",
];

/// Says to the recorder what they are.
pub(crate) fn describe() {
    #[cfg(feature = "metrics")]
    {
        use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
        describe_gauge!(CONNECTIONS, Unit::Count, "connections of Socket.IO");
        describe_gauge!(SESSIONS, Unit::Count, "sessions that have connections");
        describe_gauge!(SOCKETS, Unit::Count, "sockets, as their namespaces have admitted them");
        describe_counter!(EVENTS, Unit::Count, "events that were answered, by their outcome");
        describe_counter!(CLOSES, Unit::Count, "sockets that were told why they end, by the reason");
        describe_histogram!(QUEUE_WAIT, Unit::Seconds, "how long a transaction has waited for its turn");
        describe_histogram!(STORE, Unit::Seconds, "how long the store has taken");
        describe_histogram!(LEASE_WAIT, Unit::Seconds, "how long a lease that another node held was waited for");
    }
}

/// The inspector needs no gauges: it counts what is there.
#[cfg(feature = "metrics")]
macro_rules! gauge {
    ($name:ident, $change:expr) => {
        metrics::gauge!($name).increment($change)
    };
}
#[cfg(not(feature = "metrics"))]
macro_rules! gauge {
    ($name:ident, $change:expr) => {};
}

pub(crate) fn connected() {
    gauge!(CONNECTIONS, 1.0);
}

pub(crate) fn disconnected() {
    gauge!(CONNECTIONS, -1.0);
}

/// A session has its first connection.
pub(crate) fn session_came() {
    gauge!(SESSIONS, 1.0);
}

/// A session has lost its last connection.
pub(crate) fn session_went() {
    gauge!(SESSIONS, -1.0);
}

/// Counts a socket for as long as it is there.
struct Counted;

impl Drop for Counted {
    fn drop(&mut self) {
        gauge!(SOCKETS, -1.0);
    }
}

/// A socket was admitted.
pub(crate) fn seated<A: Adapter>(socket: &Arc<Socket<A>>) {
    gauge!(SOCKETS, 1.0);
    socket.extensions.insert(Arc::new(Counted));
}

/// A socket is told why it ends.
pub(crate) fn told(why: Why) {
    #[cfg(feature = "metrics")]
    metrics::counter!(CLOSES, "reason" => why.as_str()).increment(1);
    #[cfg(feature = "inspector")]
    counts::told(why);
}

/// An event is answered.
pub(crate) fn event(outcome: &Outcome) {
    let code = outcome.as_ref().err().map(|error| known(error.code()));
    #[cfg(feature = "metrics")]
    metrics::counter!(EVENTS, "outcome" => code.unwrap_or("ok")).increment(1);
    #[cfg(feature = "inspector")]
    counts::event(code);
}

/// A handler's own code may be anything.
fn known(code: &str) -> &'static str {
    CODES.into_iter().find(|known| *known == code).unwrap_or("handler")
}

/// A transaction, which waits until `deadline` and at most for `limit`, waits no more.
pub(crate) fn waited(arrived: Instant) {
    let waited = arrived.elapsed();
    #[cfg(feature = "metrics")]
    metrics::histogram!(QUEUE_WAIT).record(waited);
    #[cfg(feature = "inspector")]
    counts::waited(waited);
}

/// How long an operation of the store takes, from when it is begun; recorded also if it is not awaited to its end.
struct Timing {
    operation: &'static str,
    outcome: &'static str,
    began: Instant,
}

impl Drop for Timing {
    fn drop(&mut self) {
        let took = self.began.elapsed();
        #[cfg(feature = "metrics")]
        metrics::histogram!(STORE, "operation" => self.operation, "outcome" => self.outcome).record(took);
        #[cfg(feature = "inspector")]
        counts::stored(self.operation, self.outcome == "ok", took);
    }
}

/// Runs an operation of the store.
pub(crate) async fn store<T>(
    operation: &'static str,
    work: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let mut timing = Timing { operation, outcome: "given_up", began: Instant::now() };
    let done = work.await;
    timing.outcome = match &done {
        Ok(_) => "ok",
        Err(StoreError::Unavailable(_)) => "unavailable",
        Err(StoreError::Unanswered(_)) => "unanswered",
        Err(StoreError::TooLarge) => "too_large",
    };
    done
}

/// Since when another node has what is wanted here.
#[derive(Default)]
pub(crate) struct LeaseWait(Option<Instant>);

impl LeaseWait {
    /// What came of a claim.
    pub(crate) fn heard(&mut self, acquired: &Acquired) {
        match acquired {
            Acquired::Refused(_) => {
                self.0.get_or_insert_with(Instant::now);
            }
            Acquired::Held(_) => {
                if let Some(since) = self.0.take() {
                    let waited = since.elapsed();
                    #[cfg(feature = "metrics")]
                    metrics::histogram!(LEASE_WAIT).record(waited);
                    #[cfg(feature = "inspector")]
                    counts::lease(waited);
                }
            }
            Acquired::Gone => self.over(),
        }
    }

    /// Nobody waits any more.
    pub(crate) fn over(&mut self) {
        self.0 = None;
    }
}
