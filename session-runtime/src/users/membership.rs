//! Into the index of a user's sessions, and out of it.
//!
//! The order is what makes it exact. A session that becomes a user's is put into the index first, then it is written, and
//! then it is looked whether all sessions of that user were ended since whoever logs in has begun. Who ends them notes that
//! first, and then looks into the index. So a login is either seen in the index, or sees the note.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use tokio::time::Instant;

use crate::{
    core::Core,
    engine::{Refusal, Transaction},
    error::SessionError,
    record::{Fields, Patch, SessionKey, UserKey},
    store::{Ending, Member, StoreError},
};

/// How old an entry is whose session is looked for: a younger one may be about to be written.
const SETTLED: Duration = Duration::from_mins(1);

/// The field that says whose session it is, and how many sessions a user may have.
#[derive(Default)]
pub(crate) struct Users {
    field: OnceLock<&'static str>,
    limit: Option<usize>,
}

/// Since when whoever writes has been at it: what ended before is no concern of his.
#[derive(Clone, Copy)]
pub(crate) struct Since(Instant);

impl Since {
    pub(crate) fn now() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn at(arrived: Instant) -> Self {
        Self(arrived)
    }
}

/// A session becomes another's.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Change {
    from: Option<UserKey>,
    to: Option<UserKey>,
}

impl Change {
    /// It is the same user's under another id.
    pub(crate) fn keeps_its_user(self) -> bool {
        self.from == self.to
    }
}

impl Users {
    pub(crate) fn new(limit: Option<usize>) -> Self {
        Self { limit, ..Self::default() }
    }

    /// A view has such a field. There is one for all views.
    pub(crate) fn learn(&self, field: Option<&'static str>) {
        let Some(field) = field else {
            return;
        };
        let known = self.field.get_or_init(|| field);
        if *known != field {
            tracing::error!(
                field,
                known,
                "two views of one session say whose it is, under different keys: only the first one counts"
            );
        }
    }

    /// Whether sessions have users.
    pub(crate) fn are_known(&self) -> bool {
        self.field.get().is_some()
    }

    pub(crate) fn of(&self, fields: &Fields) -> Option<UserKey> {
        fields.get(self.field.get()?).and_then(UserKey::of)
    }

    /// Whether it is that user's, as far as is known here.
    pub(super) fn is_of(&self, fields: &Fields, user: UserKey) -> bool {
        !self.are_known() || self.of(fields) == Some(user)
    }

    pub(super) fn is_anothers(&self, fields: &Fields, user: UserKey) -> bool {
        self.of(fields).is_some_and(|other| other != user)
    }

    /// Whether a patch says whose session it is.
    pub(crate) fn concerns(&self, patch: &Patch) -> bool {
        let Some(field) = self.field.get() else {
            return false;
        };
        patch.keys().any(|key| key == field)
    }

    /// What a patch changes.
    pub(crate) fn change(&self, patch: &Patch, before: &Fields) -> Option<Change> {
        if !self.concerns(patch) {
            return None;
        }
        let mut after = before.clone();
        after.apply(patch);
        let change = Change { from: self.of(before), to: self.of(&after) };
        (change.from != change.to).then_some(change)
    }

    /// What a new record means, which takes the place of one that was `from`'s, if of one.
    pub(crate) fn beginning(&self, fields: &Fields, from: Option<UserKey>) -> Option<Change> {
        let to = self.of(fields);
        to.map(|_| Change { from, to })
    }
}

impl Core {
    /// Before the session is written.
    pub(crate) async fn join(&self, key: &SessionKey, change: Change) -> Result<(), SessionError> {
        if let Some(to) = change.to {
            self.bounded(self.engine.store().join(&to, key)).await?;
        }
        Ok(())
    }

    /// Saves what makes a session another's.
    pub(crate) async fn commit_as(
        self: &Arc<Self>,
        transaction: &mut Transaction,
        patch: Patch,
        (key, change): (SessionKey, Change),
        since: Since,
    ) -> Result<(), Refusal> {
        self.join(&key, change).await.map_err(Refusal::from)?;
        if let Err(refusal) = transaction.commit(patch).await {
            // what may be written stays in the index: whose it is, the record says
            if !matches!(refusal, Refusal::Unknown) {
                self.unjoin(key, change).await;
            }
            return Err(refusal);
        }
        self.settle(key, change, since).await.map_err(Refusal::from)
    }

    /// It was not written.
    pub(crate) async fn unjoin(&self, key: SessionKey, change: Change) {
        if let Some(to) = change.to.filter(|to| change.from != Some(*to)) {
            let _ = self.bounded(self.engine.store().leave(&to, &[key])).await;
        }
    }

    /// After the session was written: `Gone` if all sessions of its new user were ended meanwhile, and then it is, too. If
    /// the store does not say, it ends as well: it cannot be known.
    pub(crate) async fn settle(
        self: &Arc<Self>,
        key: SessionKey,
        change: Change,
        since: Since,
    ) -> Result<(), SessionError> {
        if let Some(from) = change.from.filter(|from| change.to != Some(*from)) {
            let _ = self.bounded(self.engine.store().leave(&from, &[key])).await;
        }
        let Some(to) = change.to else {
            return Ok(());
        };
        let ended = self.bounded(self.engine.store().user_ended(&to)).await;
        let refused = match ended {
            Ok(Some(ago)) if ago < since.0.elapsed() => SessionError::Gone,
            Ok(_) => {
                // a session that has got another id is no further one
                if change.from != change.to {
                    self.make_room(key, to).await?;
                }
                return Ok(());
            }
            Err(error) => error.into(),
        };
        self.destroy(key, None, Ending::Destroyed).await?;
        Err(refused)
    }

    /// Takes out of the index what has ended, and puts out the oldest sessions of a user that has too many.
    async fn make_room(self: &Arc<Self>, new: SessionKey, user: UserKey) -> Result<(), SessionError> {
        let Some(limit) = self.users.limit else {
            // nobody waits for that
            let core = Arc::clone(self);
            self.engine.spawn(async move {
                let _ = core.living(user).await;
            });
            return Ok(());
        };
        let mut others = self.living(user).await?;
        others.retain(|member| member.key != new);
        others.sort_by_key(|member| std::cmp::Reverse(member.age));
        let surplus = (others.len() + 1).saturating_sub(limit.max(1));
        for member in others.into_iter().take(surplus) {
            self.destroy_of(member.key, user, Ending::Replaced).await?;
            self.bounded(self.engine.store().leave(&user, &[member.key])).await?;
        }
        Ok(())
    }

    /// The sessions of a user that live; those that do not are taken out.
    async fn living(&self, user: UserKey) -> Result<Vec<Member>, SessionError> {
        let members = self.bounded(self.engine.store().members(&user)).await?;
        let keys: Vec<_> = members.iter().map(|member| member.key).collect();
        let live = self.bounded(self.engine.store().exists(&keys)).await?;
        let (living, ended): (Vec<_>, Vec<_>) = members.into_iter().zip(live).partition(|(_, lives)| *lives);
        let ended: Vec<_> =
            ended.iter().filter(|(member, _)| member.age > SETTLED).map(|(member, _)| member.key).collect();
        if !ended.is_empty() {
            self.bounded(self.engine.store().leave(&user, &ended)).await?;
        }
        Ok(living.into_iter().map(|(member, _)| member).collect())
    }
}

impl From<SessionError> for Refusal {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Gone => Self::Gone,
            SessionError::Unknown => Self::Unknown,
            SessionError::Unavailable(error) => Self::Unavailable(error),
            error => Self::Unavailable(Arc::new(StoreError::unavailable(error))),
        }
    }
}
