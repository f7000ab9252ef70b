//! The way of one event: guards, handler, save, answer.

use std::{
    borrow::Cow,
    panic::AssertUnwindSafe,
    pin::pin,
    sync::{Arc, OnceLock},
    time::Duration,
};

use futures_util::FutureExt as _;
use socketioxide::adapter::Adapter;
use time::OffsetDateTime;
use tracing::{Instrument as _, instrument::Instrumented};

use super::current::{CURRENT, Current, Leaves};
use crate::{
    after::AfterSave,
    connection::{Bound, Connection},
    core::{BoxFuture, LookedAt},
    engine::{Attended, Look, Refusal, Ticket, Transaction},
    error::EventError,
    guard::Asked,
    handler::Handler,
    namespace::Joined,
    reached::Why,
    record::{Fields, Patch, Record},
    reply::{Outcome, Reply, Serialized},
    users::Since,
    view::{Access, ViewError, Views},
    within::{Until, within},
};

/// What a handler needs of the session.
#[derive(Clone, Copy)]
pub(crate) struct Needs {
    pub(crate) access: Access,
    pub(crate) optional: bool,
}

impl Needs {
    pub(crate) const fn of<Vs: Views>() -> Self {
        Self { access: Vs::ACCESS, optional: Vs::OPTIONAL }
    }
}

/// What a handler has come to: what to save, and the acknowledgement.
pub(crate) type Finished = Result<(Patch, Serialized), EventError>;

/// A handler with its arguments: what is missing is the session.
pub(crate) type Work = Box<dyn FnOnce(Option<&Fields>) -> Result<BoxFuture<'static, Finished>, ViewError> + Send>;

pub(crate) fn work<A: Adapter, H: Handler<A, Output = Outcome>>(args: H::Args) -> Work {
    Box::new(move |fields| {
        let views = H::Views::load(fields)?;
        Ok(Box::pin(async move {
            let (views, outcome) = H::run(views, args).await;
            let reply = outcome?;
            let patch = views.changes().map_err(EventError::unserializable)?;
            Ok((patch, reply))
        }))
    })
}

/// A guard that one event has to pass.
pub(crate) struct Guarding {
    pub(crate) asked: Asked,
    pub(crate) message: Cow<'static, str>,
    /// Whether who fails it is disconnected.
    pub(crate) expels: bool,
}

/// An event on its way to its handler.
pub(crate) struct Call {
    pub(crate) joined: Arc<Joined>,
    pub(crate) needs: Needs,
    pub(crate) after: Option<AfterSave>,
    pub(crate) fresh: Option<Box<Fresh>>,
}

/// What an event does that is content with what was seen a moment ago.
pub(crate) enum Fresh {
    Known(Fields),
    /// It looks itself, for those who come after it too.
    Look(Look),
}

impl Fresh {
    pub(super) fn find(connection: &Connection, age: Duration) -> Option<Box<Self>> {
        let Bound { key, .. } = connection.session?;
        let known = &connection.core.engine.known;
        Some(Box::new(known.get(&key, age).map_or_else(|| Self::Look(known.look(key)), Self::Known)))
    }
}

/// What is done when its turn has come: guards and handler, their types erased but for the adapter's.
pub(crate) struct Job {
    pub(crate) asked: Vec<Guarding>,
    pub(crate) work: Work,
}

/// An event's place in the queue, if it needs one.
pub(crate) type Place = Option<Result<(Ticket, Attended), Refusal>>;

/// How an attempt ended, besides its outcome.
#[derive(Default)]
struct Aftermath {
    /// Still held, so that the next one waits until this one is answered.
    held: Option<Transaction>,
    /// Its socket is disconnected, and told why: a guard has expelled it, or its handler has asked for the end of its own
    /// session.
    leaves: Option<Leaves>,
    gone: bool,
    looked_at: LookedAt,
    /// When the session ends, as the handler has found it.
    deadline: Option<OffsetDateTime>,
}

// What is rarely awaited is boxed, and no future is kept for longer than it runs: memory is needed for each of these
// futures, for every event.
impl Call {
    /// Takes the event's place in the queue. If it `is_next`, it waits for nothing else than its turn.
    pub(crate) fn enqueue(&self, bytes: usize, is_next: bool) -> Place {
        let Bound { key, .. } = self.joined.connection.session?;
        if self.known().is_some() {
            return None;
        }
        let engine = &self.joined.connection.core.engine;
        match self.needs.access {
            Access::None => None,
            access if is_next => Some(engine.enqueue_event(key, access, bytes)),
            access => Some(engine.enqueue(key, access, bytes).map(|ticket| (ticket, Attended::default()))),
        }
    }

    fn known(&self) -> Option<&Fields> {
        match self.fresh.as_deref() {
            Some(Fresh::Known(fields)) => Some(fields),
            _ => None,
        }
    }

    fn saw(&self, record: &Record) {
        if let Some(Fresh::Look(look)) = self.fresh.as_deref() {
            self.joined.connection.core.engine.known.saw(look, record);
        }
    }

    /// Waits for its turn, runs it, saves, and answers.
    pub(crate) fn perform<A: Adapter>(
        self,
        place: Place,
        job: Job,
        reply: Reply<A>,
    ) -> Instrumented<BoxFuture<'static, ()>> {
        // at the level of what goes wrong, so that each line says of which event it is
        let span = tracing::error_span!(
            "event",
            event = %reply.event,
            namespace = reply.socket.ns(),
            session = self.joined.connection.session.map(|bound| tracing::field::display(bound.key)),
        );
        // in a box, for it is large, and moved several times until it is where it stays
        let performing: BoxFuture<'static, ()> = Box::pin(async move {
            #[cfg(feature = "testing")]
            let _running = crate::testing::Running::of(&reply.socket);
            if !self.joined.gate.is_open() {
                Box::pin(self.joined.gate.pass()).await;
            }
            let key = self.joined.connection.session.map(|bound| bound.key);
            let mut aftermath = Aftermath::default();
            let outcome = self.attempt(place, job, &mut aftermath).await;
            reply.send(&self.joined.connection, &outcome).await;
            if let (Ok(_), Some(after)) = (&outcome, &self.after) {
                Box::pin(after.happen(&self.joined.connection.core, key.as_ref())).await;
            }
            self.conclude(aftermath);
        });
        performing.instrument(span)
    }

    /// It is answered: now the next one's turn comes.
    fn conclude(&self, Aftermath { held, leaves, gone, looked_at, deadline }: Aftermath) {
        let connection = &self.joined.connection;
        drop(held);
        if let Some(bound) = connection.session {
            connection.core.reconsider(bound.key, looked_at);
        }
        if let Some(leaves) = leaves {
            if let Leaves::Told(why) = leaves {
                self.joined.seat.say(why);
            }
            self.joined.seat.disconnect();
            if connection.has_ended() {
                connection.close_soon();
            }
        } else if gone {
            // a session that has ended unseen: the client finds out when it comes back
            connection.say(connection.why_it_ended().unwrap_or(Why::Expired), None);
            connection.close();
        } else {
            connection.touch(deadline);
        }
    }

    async fn attempt(&self, place: Place, Job { asked, work }: Job, aftermath: &mut Aftermath) -> Outcome {
        let connection = &self.joined.connection;
        let Aftermath { held, leaves, gone, looked_at, deadline } = aftermath;
        let mut refuse = |refusal: Refusal| {
            *gone |= matches!(refusal, Refusal::Gone);
            EventError::from_refusal(&refusal)
        };
        let loaded = match place {
            Some(Ok((ticket, attended))) => {
                let granted = match ticket.at_hand() {
                    Ok(granted) => granted,
                    Err(waits) => Box::pin(waits.granted_attending(attended)).await,
                };
                let record = held.insert(granted.map_err(&mut refuse)?).record();
                self.saw(record);
                *deadline = Some(record.deadline);
                None
            }
            Some(Err(refusal)) => return Err(refuse(refusal)),
            None if self.known().is_some() => None,
            // without views only the guards look at the session: fresh, but in no order
            None if connection.session.is_some() && !asked.is_empty() => {
                let loaded = Box::pin(connection.load()).await;
                let record = loaded.map_err(|error| refuse(Refusal::Unavailable(Arc::new(error))))?;
                let record = record.ok_or_else(|| refuse(Refusal::Gone))?;
                self.saw(&record);
                *deadline = Some(record.deadline);
                Some(record.fields)
            }
            None => None,
        };
        if connection.session.is_none() && !self.needs.optional {
            return Err(EventError::no_session());
        }
        // guards and handler share the time that a handler has; what holds the session, holds it for both
        let limit = connection.core.engine.limits.handler;
        let current = Current {
            session: connection.session.map(|bound| bound.key),
            holds: held.as_ref().is_some_and(Transaction::is_exclusive),
            joined: Arc::clone(&self.joined),
            leaves: OnceLock::new(),
        };
        let asked_for;
        let finished = {
            let held = held.as_ref().map(|transaction| &transaction.record().fields);
            let fields = held.or_else(|| self.known()).or(loaded.as_ref());
            let running = AssertUnwindSafe(async {
                if !asked.is_empty()
                    && let Some(refusal) = Box::pin(refused(asked, fields, leaves)).await
                {
                    return Err(refusal);
                }
                work(fields).map_err(|error| EventError::from_view(&error))?.await
            });
            let mut running = pin!(CURRENT.scope(current, within(Until::For(limit), running.catch_unwind())));
            let finished = running.as_mut().await;
            asked_for = running.take_value().and_then(|current| current.leaves.into_inner());
            finished
        };
        *leaves = leaves.or(asked_for);
        let (mut patch, reply) = match finished {
            Ok(Ok(finished)) => finished?,
            Ok(Err(_panic)) => {
                // the panic hook has said what and where
                tracing::error!("an event handler panicked; its session was rolled back");
                return Err(EventError::hidden());
            }
            Err(_) => return Err(EventError::ran_too_long()),
        };
        if let Some(error) = self.after.as_ref().and_then(AfterSave::failure) {
            return Err(EventError::unserializable(error));
        }
        if let (Some(transaction), Some(bound)) = (held, connection.session) {
            let (core, record) = (&connection.core, transaction.record());
            core.keep_alive(&mut patch, bound.life, record.deadline);
            *deadline = patch.deadline.map(|moved| moved.after(record.deadline)).or(*deadline);
            let looks = core.guards_look_at(&bound.key, &patch, Some(&record.fields));
            match core.users.change(&patch, &record.fields) {
                None => transaction.commit(patch).await.map_err(refuse)?,
                Some(change) => {
                    let since = Since::at(transaction.arrived());
                    Box::pin(core.commit_as(transaction, patch, (bound.key, change), since)).await.map_err(refuse)?;
                }
            }
            *looked_at = looks;
        }
        Ok(reply)
    }
}

/// The refusal of the first guard that says no; a namespace's guard expels the socket.
async fn refused(asked: Vec<Guarding>, fields: Option<&Fields>, leaves: &mut Option<Leaves>) -> Option<EventError> {
    for Guarding { asked, message, expels } in asked {
        let refusal = match guarded(asked, fields).await {
            Ok(true) => continue,
            Ok(false) => EventError::unauthorized(message),
            Err(error) => error.of_guard(message, expels),
        };
        *leaves = expels.then_some(Leaves::Told(Why::Demoted));
        return Some(refusal);
    }
    None
}

/// Asks a guard; one that panics says no.
pub(crate) async fn guarded(asked: Asked, fields: Option<&Fields>) -> Result<bool, EventError> {
    AssertUnwindSafe(asked.check(fields)).catch_unwind().await.unwrap_or_else(|_panic| {
        tracing::error!("a guard panicked: it is taken for a no");
        Ok(false)
    })
}
