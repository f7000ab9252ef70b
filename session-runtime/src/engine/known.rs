//! What events with `fresh` have seen of their sessions, so that the next one need not ask the store again.
//!
//! There is an entry for a session only since such an event, and until the last connection of the session is gone. What
//! this node saves is seen, and what it hears of an end: a look at the store that was under way meanwhile is not kept.

use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use time::OffsetDateTime;
use tokio::time::Instant;

use crate::record::{BySession, Fields, Patch, Record, SessionKey};

#[derive(Default)]
pub(crate) struct Known {
    entries: Mutex<BySession<Entry>>,
    /// There may be entries. Said before there is the first; whoever saves without having seen this has saved before
    /// anybody looks.
    any: AtomicBool,
}

#[derive(Default)]
struct Entry {
    /// Counts what a look under way may have missed.
    changes: u64,
    /// A save of a turn has begun since the entry is there.
    saving: bool,
    seen: Option<Seen>,
}

struct Seen {
    fields: Fields,
    deadline: OffsetDateTime,
    at: Instant,
}

/// A look at the store that has begun.
pub(crate) struct Look {
    key: SessionKey,
    changes: u64,
    at: Instant,
}

impl Entry {
    fn forget(&mut self) {
        self.changes += 1;
        self.seen = None;
    }
}

impl Known {
    fn entries(&self) -> MutexGuard<'_, BySession<Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The session as it was at most so long ago.
    pub(crate) fn get(&self, key: &SessionKey, age: Duration) -> Option<Fields> {
        let entries = self.entries();
        let seen = entries.get(key)?.seen.as_ref()?;
        let is_fresh = seen.at.elapsed() <= age && OffsetDateTime::now_utc() < seen.deadline;
        is_fresh.then(|| seen.fields.clone())
    }

    /// Before the store is asked.
    pub(crate) fn look(&self, key: SessionKey) -> Look {
        let mut entries = self.entries();
        self.any.store(true, SeqCst);
        Look { key, changes: entries.entry(key).or_default().changes, at: Instant::now() }
    }

    /// What it has said.
    pub(crate) fn saw(&self, look: &Look, record: &Record) {
        if let Some(entry) = self.entries().get_mut(&look.key)
            && entry.changes == look.changes
            && !entry.saving
        {
            entry.seen = Some(Seen { fields: record.fields.clone(), deadline: record.deadline, at: look.at });
        }
    }

    /// A turn's save is on its way; there is one at a time.
    pub(super) fn saving(&self, key: &SessionKey) {
        if !self.any.load(SeqCst) {
            return;
        }
        if let Some(entry) = self.entries().get_mut(key) {
            entry.changes += 1;
            entry.saving = true;
        }
    }

    /// It has been applied, if `patch` is given; or nobody knows.
    pub(super) fn saved(&self, key: &SessionKey, patch: Option<&Patch>) {
        if !self.any.load(SeqCst) {
            return;
        }
        let mut entries = self.entries();
        let Some(entry) = entries.get_mut(key) else {
            return;
        };
        entry.changes += 1;
        // what was seen before it began lacks it; of what was seen later, nobody can tell
        let began = std::mem::take(&mut entry.saving);
        match (&mut entry.seen, patch) {
            (Some(seen), Some(patch)) if began => {
                seen.fields.apply(patch);
                if let Some(deadline) = patch.deadline {
                    seen.deadline = deadline.after(seen.deadline);
                }
            }
            _ => entry.seen = None,
        }
    }

    /// The session has ended, or somebody has written by key.
    pub(crate) fn forget(&self, key: &SessionKey) {
        if let Some(entry) = self.entries().get_mut(key) {
            entry.forget();
        }
    }

    /// Sessions may have ended, and this node has not heard of it.
    pub(crate) fn forget_all(&self) {
        self.entries().values_mut().for_each(Entry::forget);
    }

    /// The session has no connections here any more.
    pub(crate) fn remove(&self, key: &SessionKey) {
        let mut entries = self.entries();
        if entries.remove(key).is_some() && entries.is_empty() {
            self.any.store(false, SeqCst);
            entries.shrink_to_fit();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Id;

    const AGE: Duration = Duration::from_secs(5);

    fn record(count: u32) -> Record {
        let fields = [("count".into(), count.into()), ("other".into(), 1.into())].into_iter().collect();
        let deadline = OffsetDateTime::now_utc() + Duration::from_hours(1);
        Record { fields, deadline, unconfirmed: false, latest: None }
    }

    fn patch(count: u32) -> Patch {
        Patch { set: vec![("count".into(), count.into())], ..Patch::new() }
    }

    fn count(known: &Known, key: &SessionKey) -> Option<u64> {
        known.get(key, AGE)?.get("count")?.as_u64()
    }

    fn seen(count: u32) -> (Known, SessionKey) {
        let (known, key) = (Known::default(), Id::mint().key());
        known.saw(&known.look(key), &record(count));
        (known, key)
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_known_for_as_long_as_it_is_fresh() {
        let (known, key) = seen(1);
        tokio::time::advance(AGE).await;
        assert_eq!(count(&known, &key), Some(1));
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(count(&known, &key), None);
    }

    #[tokio::test]
    async fn what_has_ended_is_not_known() {
        let (known, key) = seen(1);
        known.forget(&key);
        assert_eq!(count(&known, &key), None);

        let (known, key) = seen(1);
        known.forget_all();
        assert_eq!(count(&known, &key), None);

        let (known, key) = (Known::default(), Id::mint().key());
        known.saw(&known.look(key), &Record { deadline: OffsetDateTime::now_utc(), ..record(1) });
        assert_eq!(count(&known, &key), None);
    }

    #[tokio::test]
    async fn a_look_that_was_under_way_meanwhile_is_not_kept() {
        let changes: [fn(&Known, &SessionKey); 3] = [
            |known, key| known.forget(key),
            |known, key| known.saving(key),
            |known, key| {
                known.saving(key);
                known.saved(key, Some(&patch(2)));
            },
        ];
        for change in changes {
            let (known, key) = (Known::default(), Id::mint().key());
            let look = known.look(key);
            change(&known, &key);
            known.saw(&look, &record(1));
            assert_eq!(count(&known, &key), None);
        }
    }

    #[tokio::test]
    async fn a_look_during_a_save_is_not_kept() {
        let (known, key) = seen(1);
        known.saving(&key);
        known.saw(&known.look(key), &record(5));
        assert_eq!(count(&known, &key), Some(1));
    }

    #[tokio::test]
    async fn what_is_saved_is_known() {
        let (known, key) = seen(1);
        known.saving(&key);
        known.saved(&key, Some(&patch(2)));
        assert_eq!(count(&known, &key), Some(2));
        assert_eq!(known.get(&key, AGE).unwrap().len(), 2);
    }

    #[tokio::test]
    async fn a_save_of_which_nobody_knows_when_it_began_or_how_it_ended_leaves_nothing_known() {
        let (known, key) = seen(1);
        known.saved(&key, Some(&patch(2)));
        assert_eq!(count(&known, &key), None);

        let (known, key) = seen(1);
        known.saving(&key);
        known.saved(&key, None);
        assert_eq!(count(&known, &key), None);
    }

    #[test]
    fn nothing_is_kept_of_who_has_left() {
        let (known, key) = seen(1);
        known.remove(&key);
        assert!(known.entries().is_empty());
    }
}
