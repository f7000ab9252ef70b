//! Which sessions a user has, in one process.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::record::{SessionKey, UserKey};

/// A session of a user, as the index of a store has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Which session.
    pub key: SessionKey,
    /// How long ago it was added, by the store's clock.
    pub age: Duration,
}

/// For how long a store remembers, at least, that all sessions of a user were ended: a login that began before that is
/// over by then.
pub const USER_END_REMEMBERED: Duration = Duration::from_mins(10);

/// The index of a store that one process has to itself.
#[derive(Default)]
pub(super) struct UserIndex(Mutex<HashMap<UserKey, Entry>>);

#[derive(Default)]
struct Entry {
    members: Vec<(SessionKey, Instant)>,
    ended: Option<Instant>,
}

impl Entry {
    fn is_needed(&self) -> bool {
        !self.members.is_empty() || self.ended.is_some_and(|ended| ended.elapsed() < USER_END_REMEMBERED)
    }
}

impl UserIndex {
    fn entries(&self) -> MutexGuard<'_, HashMap<UserKey, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn join(&self, user: UserKey, key: SessionKey) {
        let mut entries = self.entries();
        let members = &mut entries.entry(user).or_default().members;
        if !members.iter().any(|(member, _)| *member == key) {
            members.push((key, Instant::now()));
        }
    }

    pub(super) fn leave(&self, user: UserKey, keys: &[SessionKey]) {
        let mut entries = self.entries();
        if let Some(entry) = entries.get_mut(&user) {
            entry.members.retain(|(member, _)| !keys.contains(member));
            if !entry.is_needed() {
                entries.remove(&user);
            }
        }
    }

    pub(super) fn members(&self, user: UserKey) -> Vec<Member> {
        let entries = self.entries();
        let members = entries.get(&user).into_iter().flat_map(|entry| &entry.members);
        members.map(|(key, joined)| Member { key: *key, age: joined.elapsed() }).collect()
    }

    pub(super) fn end(&self, user: UserKey) {
        let mut entries = self.entries();
        entries.retain(|_, entry| entry.is_needed());
        entries.entry(user).or_default().ended = Some(Instant::now());
    }

    pub(super) fn ended(&self, user: UserKey) -> Option<Duration> {
        self.entries().get(&user)?.ended.map(|ended| ended.elapsed())
    }
}
