//! A rotation, in stages. The new record is made while the old one's turn is held, and the turn is kept until the
//! response is known: then the old record is retired, or the new one is dropped and nothing has happened.
//!
//! A process that dies in between leaves the old session as it was, and a new one that nobody knows; once the old one is
//! retired and until the response has arrived, the client holds a cookie that is worth nothing any more.

use std::{sync::Arc, time::Duration};

use time::OffsetDateTime;

use super::{Phase, RequestScope, Seen, State, recent::TOMBSTONE};
use crate::{
    about::About,
    connection::Close,
    core::Core,
    engine::{Refusal, Transaction},
    error::SessionError,
    event::is_held,
    reached::{Reached, Why},
    record::{Deadline, Fields, Id, Patch, Record, SessionKey, UserKey},
    store::{Ending, Loaded, Notice, Patched},
    users::Since,
    view::Access,
};

/// How often a session is looked at for what plain sessions have written to it, before it gets no new id.
const LOOKS: usize = 8;

/// After how long a session that may have outlived its rotation is deleted again.
const AGAIN: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(25)];

/// The session that gets another id, with its turn: nobody else changes it meanwhile.
pub(crate) struct Rotation {
    old: Transaction,
    key: SessionKey,
}

impl Rotation {
    pub(crate) fn of(old: Transaction, key: SessionKey) -> Self {
        Self { old, key }
    }

    pub(crate) fn user(&self, core: &Core) -> Option<UserKey> {
        core.users.of(self.fields())
    }

    fn fields(&self) -> &Fields {
        &self.old.record().fields
    }

    pub(crate) fn deadline(&self) -> OffsetDateTime {
        self.old.record().deadline
    }
}

impl RequestScope {
    /// Whether this request holds the turn of that session, to give it another id.
    pub(crate) fn holds(&self, key: &SessionKey) -> bool {
        self.state().rotation.as_ref().is_some_and(|rotation| rotation.key == *key)
    }

    /// The session that this request gives another id.
    pub(crate) fn gives_up(&self) -> Option<SessionKey> {
        self.state().rotation.as_ref().map(|rotation| rotation.key)
    }

    /// What was in the record when the plain session gave up its id (`cycle_id`): its next record begins with that.
    pub(crate) fn carried(&self) -> Option<Fields> {
        let state = self.state();
        state.rotation.as_ref().filter(|_| state.fresh.is_none()).map(|rotation| rotation.fields().clone())
    }

    /// The deadline of a new record: no earlier than that of the one whose place it takes, unless told so, or unless that
    /// was made before there was a limit of its age.
    pub(crate) fn new_deadline(&self, wanted: OffsetDateTime, before: Option<OffsetDateTime>) -> OffsetDateTime {
        match before {
            Some(before) => self.life().bound(self.moves_to(wanted).after(before)),
            None => wanted,
        }
    }

    /// Whether that id was made for this request, and no client has it yet.
    pub(crate) fn is_fresh(&self, id: Id) -> bool {
        self.state().fresh == Some(id)
    }

    /// Waits until the request's session is another than that one.
    pub(crate) async fn moved(&self, from: Id) {
        let mut moved = std::pin::pin!(self.moved.notified());
        moved.as_mut().enable();
        if self.id() == Some(from) {
            moved.await;
        }
    }

    /// The plain session gives up its id (`cycle_id`); its next record begins with what is in this one.
    pub(crate) async fn give_up(self: &Arc<Self>, id: Id) -> Result<(), SessionError> {
        let key = id.key();
        {
            let state = self.state();
            if state.fresh.is_some() || state.rotation.is_some() || state.seen == Seen::Absent {
                return Ok(());
            }
            if state.outdated {
                return Err(SessionError::Gone);
            }
        }
        let old = match self.core.turn_to_rotate(key).await {
            Err(SessionError::Gone) if !self.has_seen_it_live() => return self.may_begin_anew(&key).await,
            turn => turn?,
        };
        let mut state = self.state();
        state.seen = Seen::Live;
        if state.phase == Phase::Running && state.fresh.is_none() {
            state.rotation = Some(Rotation::of(old, key));
        }
        Ok(())
    }

    /// Whose session it is that gets another id.
    fn gives_up_whose(&self) -> Option<UserKey> {
        self.state().rotation.as_ref().and_then(|rotation| rotation.user(&self.core))
    }

    /// What is made of these fields is a session whose age begins now; the deadline that it may have.
    pub(crate) fn anew(&self, fields: &mut Fields) -> OffsetDateTime {
        let about = About::of(fields);
        if about.created().is_some() {
            fields.apply(&about.reborn().patch());
        }
        self.learn_about(about.reborn());
        self.deadline()
    }

    /// Makes the new record of the plain session.
    pub(crate) async fn make(
        self: &Arc<Self>,
        fields: Fields,
        deadline: OffsetDateTime,
    ) -> Result<(Id, OffsetDateTime), SessionError> {
        let scope = Arc::clone(self);
        // in a task of its own: a request that is given up leaves no record without a cookie
        let making = tokio::spawn(async move {
            let (from, mut fields) = (scope.gives_up_whose(), fields);
            // a plain session changes its id when somebody logs in: its age begins anew
            let deadline = if scope.gives_up().is_some() { scope.anew(&mut fields) } else { scope.allowed(deadline) };
            // one after the other: both look at the state
            let before = scope.state().rotation.as_ref().map(Rotation::deadline);
            let deadline = scope.new_deadline(deadline, before);
            let record = Record { fields, deadline, unconfirmed: false, latest: None };
            let id = scope.core.create(record, from, scope.since()).await?;
            if let Err(error) = scope.stage(id, None) {
                scope.core.remove(id.key()).await?;
                return Err(error);
            }
            Ok((id, deadline))
        });
        making.await.unwrap_or(Err(SessionError::Unknown))
    }

    /// The request has a session of its own making, in place of the one that it had.
    pub(crate) fn stage(&self, new: Id, rotation: Option<Rotation>) -> Result<(), SessionError> {
        let mut state = self.state();
        if state.phase == Phase::Over {
            return Err(SessionError::NoResponse);
        }
        state.fresh = Some(new);
        if rotation.is_some() {
            state.rotation = rotation;
        }
        drop(state);
        self.moved.notify_waiters();
        Ok(())
    }

    /// Ends the request's session at once: the one that it had, and the one that was to take its place. Whether it was
    /// there, and whom that has reached. An error if it has just got another id.
    pub(crate) async fn destroy(self: &Arc<Self>) -> Result<(bool, Reached), SessionError> {
        let (fresh, rotation) = {
            let mut state = self.state();
            (state.fresh, state.rotation.take())
        };
        let Some(key) = rotation.as_ref().map(|rotation| rotation.key).or_else(|| self.id().map(|id| id.key())) else {
            return Ok((false, Reached::NOBODY));
        };
        let destroyed = self.core.destroy(key, None, Ending::Destroyed).await;
        if destroyed.is_err() {
            let mut state = self.state();
            // the client has the cookie of another id, or will have: it is logged in as before, and should know
            state.outdated |= matches!(destroyed, Err(SessionError::Gone));
            state.rotation = rotation;
            return destroyed;
        }
        if let (Some(fresh), Some(_)) = (fresh, &rotation) {
            self.core.drop_fresh(fresh).await;
        }
        let mut state = self.state();
        state.baseline = None;
        state.deadline = None;
        state.seen = Seen::Nothing;
        state.fresh = None;
        destroyed
    }

    /// The response's head is known, and nothing begins any more: what it decides is done, in a task of its own. An error
    /// takes the response's place. The sessions whose transports close when it is through.
    pub(crate) async fn settle(self: &Arc<Self>, succeeded: bool) -> Result<Option<SessionKey>, SessionError> {
        {
            let mut state = self.state();
            let shown = self.begun.get().and_then(|begun| begun.shown);
            state.outdated |= state.fresh.is_none() && shown.is_some_and(|shown| self.core.rotated.has(&shown));
            if state.rotation.is_none() && succeeded && !state.void && self.has_a_cookie(&state) {
                state.fresh = None;
            }
            if state.rotation.is_none() && state.fresh.is_none() {
                return Ok(None);
            }
        }
        let scope = Arc::clone(self);
        tokio::spawn(async move { scope.decide(succeeded).await }).await.unwrap_or(Err(SessionError::Unknown))
    }

    /// Whether what the request has made, if it has, goes out with the response.
    fn has_a_cookie(&self, state: &State) -> bool {
        state.fresh.is_none_or(|fresh| self.id() == Some(fresh) && !state.cookies.is_empty())
    }

    async fn decide(self: &Arc<Self>, succeeded: bool) -> Result<Option<SessionKey>, SessionError> {
        let _one_at_a_time = self.change().await;
        let is_empty = match self.session() {
            Some(session) => session.is_empty().await,
            None => false,
        };
        let (fresh, rotation, kept) = {
            let mut state = self.state();
            let kept = succeeded && !state.void && state.phase != Phase::Over && self.has_a_cookie(&state);
            if !kept {
                state.cookies.clear();
            }
            (state.fresh.take(), state.rotation.take(), kept)
        };
        match (rotation, fresh) {
            (rotation, fresh) if !kept => self.undo(fresh, rotation).await,
            (Some(rotation), Some(new)) => return self.finish(rotation, new).await.map(Some),
            // it gave up its id and was then flushed: the response removes the cookie
            (Some(rotation), None) if is_empty => {
                if let Err(error) = self.core.destroy(rotation.key, None, Ending::Destroyed).await {
                    self.void();
                    return Err(error);
                }
            }
            // nothing to do, or the request gave up waiting before it had given up its id
            (None, _) | (Some(_), None) => {}
        }
        Ok(None)
    }

    /// Retires the old session, for the response with the new one's cookie is about to go out.
    async fn finish(self: &Arc<Self>, mut rotation: Rotation, new: Id) -> Result<SessionKey, SessionError> {
        let (core, key) = (&self.core, rotation.key);
        let last = match self.retire(&mut rotation, new).await {
            Ok(last) => last,
            Err(error) => {
                core.drop_fresh(new).await;
                self.void();
                return Err(error);
            }
        };
        core.rotated.mark(key);
        core.ended(key, Some(&last.fields), Why::Rotated);
        if self.is_over() {
            // given up in just this moment: nobody has the new id, and the old one is gone
            core.drop_fresh(new).await;
            core.close_rotated(key).await;
        }
        Ok(key)
    }

    /// Retires the old record as it was looked at last, which is returned. If it has been written since then, it is looked
    /// at again: nothing that a plain session was told is saved is left behind.
    async fn retire(&self, rotation: &mut Rotation, new: Id) -> Result<Record, SessionError> {
        let (core, key) = (&self.core, rotation.key);
        let mut seen = rotation.old.record().clone();
        for _ in 0..LOOKS {
            seen = core.bring_along(&key, seen, new).await?;
            // given up meanwhile: nobody waits for the response
            if self.is_over() {
                return Err(SessionError::NoResponse);
            }
            match rotation.old.retire(seen.latest, crate::clock::now() + TOMBSTONE).await {
                Ok(()) => return Ok(seen),
                Err(Refusal::Changed) => {}
                Err(Refusal::Unknown) => {
                    // one of the two has to work, and the new one surely does
                    tracing::warn!(session = %key, "a session has got a new id, and its old one may still live");
                    core.end_later(key);
                    return Ok(seen);
                }
                Err(refusal) => return Err(refusal.into()),
            }
        }
        Err(Refusal::Changed.into())
    }

    fn is_over(&self) -> bool {
        self.state().phase == Phase::Over
    }

    /// The response will not be: what was made for it goes, and the old session lives on.
    pub(crate) async fn undo(&self, fresh: Option<Id>, rotation: Option<Rotation>) {
        if let Some(fresh) = fresh {
            self.core.drop_fresh(fresh).await;
        }
        drop(rotation);
    }
}

impl Core {
    /// A turn to write; an error if this task has it already: as a handler with a `&mut` view, or as a request that gives
    /// the session another id.
    pub(crate) async fn turn(self: &Arc<Self>, key: SessionKey) -> Result<Transaction, SessionError> {
        is_to_be_had(&key)?;
        Ok(self.engine.enqueue(key, Access::Write, 0)?.granted().await?)
    }

    /// The same, for a session that gets another id: its record in hand is what the store has, so that what plain
    /// sessions write meanwhile can be told from what is still to be saved.
    pub(crate) async fn turn_to_rotate(self: &Arc<Self>, key: SessionKey) -> Result<Transaction, SessionError> {
        is_to_be_had(&key)?;
        Ok(self.engine.enqueue_first(key)?.granted().await?)
    }

    /// What plain sessions have written to the old record since it was like this, for they wait for no turn; and how it is
    /// now.
    async fn bring_along(self: &Arc<Self>, key: &SessionKey, before: Record, new: Id) -> Result<Record, SessionError> {
        let Loaded::Live(old) = self.look(key).await? else {
            return Err(SessionError::Gone);
        };
        let mut patch = before.fields.difference(&old.fields);
        patch.deadline = match before.deadline {
            before if old.deadline > before => Some(Deadline::Extend(old.deadline)),
            before if old.deadline < before => Some(Deadline::Set(old.deadline)),
            _ => None,
        };
        if patch.is_empty() {
            return Ok(old);
        }
        let Some(current) = self.load(&new.key()).await? else {
            return Ok(old);
        };
        // what this request has changed itself is the later save
        let unchanged = |key: &str| before.fields.get(key) == current.fields.get(key);
        patch.set.retain(|(key, _)| unchanged(key));
        patch.remove.retain(|key| unchanged(key));
        match self.patch(new.key(), &patch, Since::now()).await? {
            Patched::Applied { .. } | Patched::Gone => Ok(old),
            Patched::Fenced | Patched::Changed => Err(SessionError::Busy),
        }
    }

    /// Deletes a record whose id nobody has: if that fails, it expires.
    async fn drop_fresh(&self, id: Id) {
        if let Err(error) = self.remove(id.key()).await {
            tracing::warn!(session = %id.key(), %error, "a session that no client knows was left behind, and will expire");
        }
    }

    /// Deletes a session that may have outlived its rotation.
    fn end_later(self: &Arc<Self>, key: SessionKey) {
        let core = Arc::clone(self);
        tokio::spawn(async move {
            for pause in AGAIN {
                tokio::time::sleep(pause).await;
                if core.remove(key).await.is_ok() {
                    return;
                }
            }
        });
    }

    /// The response with a new id is through: the transports of the old session close, on all nodes.
    pub(crate) async fn close_rotated(&self, key: SessionKey) {
        self.disconnect_here(key, Close::Reconnect, None, Some(Why::Rotated)).await;
        self.announce(Notice::Ended { key, by: self.engine.node, how: Ending::Rotated }).await;
    }
}

/// Not by a task that has it already.
fn is_to_be_had(key: &SessionKey) -> Result<(), SessionError> {
    let giving_up = RequestScope::current().is_some_and(|scope| scope.holds(key));
    if giving_up || is_held(key) { Err(SessionError::Reentrant) } else { Ok(()) }
}

impl Fields {
    /// What changed from these to `after`.
    pub(crate) fn difference(&self, after: &Self) -> Patch {
        let changed = after.iter().filter(|(key, value)| self.get(key) != Some(value));
        let removed = self.iter().filter(|(key, _)| after.get(key).is_none());
        Patch {
            set: changed.map(|(key, value)| (key.to_owned().into(), value.clone())).collect(),
            remove: removed.map(|(key, _)| key.to_owned().into()).collect(),
            ..Patch::new()
        }
    }
}
