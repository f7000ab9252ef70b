//! The store of one process.

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use time::OffsetDateTime;

use super::{Acquired, Claim, Created, Patched, Store, StoreError};
use crate::record::{Deadline, Patch, Record, SessionKey, Token};

/// Keeps sessions in this process's memory: nothing outlives it.
///
/// Values are handed out as they are, without a detour through JSON text. Expired sessions are purged whenever one is
/// created, so memory does not grow with the sessions that have ended. A clone is the same store.
///
/// One process has one writer for each session, its engine; so there are no leases, and two `Sessions` should not
/// be built on clones of one `MemoryStore`.
///
/// ```
/// use socket_session::MemoryStore;
///
/// let store = MemoryStore::default();
/// assert!(store.is_empty());
/// ```
#[derive(Clone, Default)]
pub struct MemoryStore(Arc<Mutex<Records>>);

#[derive(Default)]
struct Records {
    by_key: HashMap<SessionKey, Record>,
    /// What ends first comes first, so that a purge looks at nothing that lives.
    by_deadline: BTreeSet<(OffsetDateTime, SessionKey)>,
}

impl Records {
    fn purge(&mut self, now: OffsetDateTime) {
        while let Some(&(deadline, key)) = self.by_deadline.first() {
            if deadline > now {
                break;
            }
            self.by_deadline.pop_first();
            self.by_key.remove(&key);
        }
    }

    fn live(&mut self, key: &SessionKey, now: OffsetDateTime) -> Option<&mut Record> {
        self.by_key.get_mut(key).filter(|record| record.deadline > now)
    }

    fn move_deadline(&mut self, key: &SessionKey, deadline: Deadline) {
        if let Some(record) = self.by_key.get_mut(key) {
            let deadline = deadline.after(record.deadline);
            self.by_deadline.remove(&(record.deadline, *key));
            self.by_deadline.insert((deadline, *key));
            record.deadline = deadline;
        }
    }
}

impl MemoryStore {
    fn records(&self) -> MutexGuard<'_, Records> {
        // nothing panics while it is held; if it did, each operation is one assignment at a time and leaves sense
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many sessions live.
    pub fn len(&self) -> usize {
        let mut records = self.records();
        records.purge(OffsetDateTime::now_utc());
        records.by_key.len()
    }

    /// Whether no session lives.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("sessions", &self.len()).finish()
    }
}

impl Store for MemoryStore {
    const LEASES: bool = false;

    async fn create(&self, key: &SessionKey, record: Record) -> Result<Created, StoreError> {
        let mut records = self.records();
        records.purge(OffsetDateTime::now_utc());
        if records.by_key.contains_key(key) {
            return Ok(Created::Taken);
        }
        records.by_deadline.insert((record.deadline, *key));
        records.by_key.insert(*key, record);
        Ok(Created::Done)
    }

    async fn load(&self, key: &SessionKey, now: OffsetDateTime) -> Result<Option<Record>, StoreError> {
        Ok(self.records().live(key, now).cloned())
    }

    async fn acquire(&self, key: &SessionKey, _: &Claim, now: OffsetDateTime) -> Result<Acquired, StoreError> {
        Ok(self.records().live(key, now).cloned().map_or(Acquired::Gone, Acquired::Held))
    }

    async fn patch(&self, key: &SessionKey, patch: &Patch, now: OffsetDateTime) -> Result<Patched, StoreError> {
        let mut records = self.records();
        let Some(record) = records.live(key, now) else {
            return Ok(Patched::Gone);
        };
        record.fields.apply(patch);
        if let Some(deadline) = patch.deadline {
            records.move_deadline(key, deadline);
        }
        Ok(Patched::Applied { held: false, waiting: false })
    }

    async fn release(&self, _: &SessionKey, _: Token) -> Result<(), StoreError> {
        Ok(())
    }

    async fn touch(&self, key: &SessionKey, deadline: Deadline, now: OffsetDateTime) -> Result<bool, StoreError> {
        let mut records = self.records();
        let Some(record) = records.live(key, now) else {
            return Ok(false);
        };
        record.unconfirmed = false;
        records.move_deadline(key, deadline);
        Ok(true)
    }

    async fn delete(&self, key: &SessionKey) -> Result<bool, StoreError> {
        let mut records = self.records();
        let Some(record) = records.by_key.remove(key) else {
            return Ok(false);
        };
        records.by_deadline.remove(&(record.deadline, *key));
        Ok(record.deadline > OffsetDateTime::now_utc())
    }

    async fn exists(&self, keys: &[SessionKey], now: OffsetDateTime) -> Result<Vec<bool>, StoreError> {
        let mut records = self.records();
        Ok(keys.iter().map(|key| records.live(key, now).is_some()).collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::Duration;

    use super::*;
    use crate::record::{Fields, Id};

    fn now() -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }

    fn record(seconds: i64) -> Record {
        let deadline = OffsetDateTime::now_utc() + Duration::seconds(seconds);
        Record { fields: Fields::default(), deadline, unconfirmed: false }
    }

    fn patch() -> Patch {
        Patch { set: vec![("count".into(), json!(1))], ..Patch::new() }
    }

    #[tokio::test]
    async fn a_save_never_brings_back_what_was_deleted() {
        let (store, key) = (MemoryStore::default(), Id::mint().key());
        store.create(&key, record(60)).await.unwrap();
        assert!(store.delete(&key).await.unwrap());
        assert_eq!(store.patch(&key, &patch(), now()).await.unwrap(), Patched::Gone);
        assert!(!store.touch(&key, Deadline::Set(record(60).deadline), now()).await.unwrap());
        assert_eq!(store.load(&key, now()).await.unwrap(), None);
    }

    #[tokio::test]
    async fn nothing_is_loaded_or_saved_past_its_deadline() {
        let (store, key) = (MemoryStore::default(), Id::mint().key());
        store.create(&key, record(-1)).await.unwrap();
        assert_eq!(store.load(&key, now()).await.unwrap(), None);
        assert_eq!(store.patch(&key, &patch(), now()).await.unwrap(), Patched::Gone);
        assert_eq!(store.exists(&[key], now()).await.unwrap(), [false]);
    }

    #[tokio::test]
    async fn creating_never_replaces() {
        let (store, key) = (MemoryStore::default(), Id::mint().key());
        store.create(&key, record(60)).await.unwrap();
        store.patch(&key, &patch(), now()).await.unwrap();
        assert_eq!(store.create(&key, record(60)).await.unwrap(), Created::Taken);
        assert_eq!(store.load(&key, now()).await.unwrap().unwrap().fields.get("count"), Some(&json!(1)));
    }

    #[tokio::test]
    async fn what_has_expired_is_purged() {
        let store = MemoryStore::default();
        for _ in 0..10 {
            store.create(&Id::mint().key(), record(-1)).await.unwrap();
        }
        let key = Id::mint().key();
        store.create(&key, record(60)).await.unwrap();
        store.touch(&key, Deadline::Set(record(120).deadline), now()).await.unwrap();
        let records = store.records();
        assert_eq!((records.by_key.len(), records.by_deadline.len()), (1, 1));
    }

    #[tokio::test]
    async fn a_snapshot_does_not_change_under_its_reader() {
        let (store, key) = (MemoryStore::default(), Id::mint().key());
        store.create(&key, record(60)).await.unwrap();
        let before = store.load(&key, now()).await.unwrap().unwrap();
        store.patch(&key, &patch(), now()).await.unwrap();
        assert!(before.fields.is_empty());
    }
}
