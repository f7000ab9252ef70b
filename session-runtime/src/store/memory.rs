//! The store of one process.

mod entry;

use std::{
    collections::BTreeSet,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{StreamExt as _, stream};
use time::OffsetDateTime;
use tokio::sync::broadcast;

use self::entry::Entry;
use super::{
    Acquired, Claim, Created, Loaded, Member, NodeId, Notice, Notices, Patched, Retirement, Store, StoreError, Token,
    users::UserIndex,
};
use crate::record::{BySession, Deadline, Patch, Record, SessionKey, TransactionId, UserKey};

/// How many notices wait for a listener before it has to look for itself.
const NOTICES: usize = 256;

/// Keeps sessions in this process's memory: nothing outlives it.
///
/// Values are handed out as they are, without a detour through JSON text. Expired sessions are purged whenever one is
/// created, so memory does not grow with the sessions that have ended. A clone is the same store.
///
/// One process has one writer for each session, its engine; so `Sessions` takes no leases here, and two of them should
/// not be built on clones of one `MemoryStore`. (The operations for leases are there all the same: a test can wrap this
/// store to play several nodes in one process.)
///
/// ```
/// use socket_session::MemoryStore;
///
/// let store = MemoryStore::default();
/// assert!(store.is_empty());
/// ```
#[derive(Clone, Default)]
pub struct MemoryStore(Arc<Shared>);

struct Shared {
    records: Mutex<Records>,
    notices: broadcast::Sender<(Option<NodeId>, Notice)>,
    users: UserIndex,
}

impl Default for Shared {
    fn default() -> Self {
        Self { records: Mutex::default(), notices: broadcast::Sender::new(NOTICES), users: UserIndex::default() }
    }
}

/// What is known under a key.
enum Known {
    Live(Entry),
    /// The session has got a new id, by this transaction.
    Retired {
        by: TransactionId,
        until: OffsetDateTime,
    },
}

impl Known {
    fn deadline(&self) -> OffsetDateTime {
        match self {
            Self::Live(entry) => entry.record.deadline,
            Self::Retired { until, .. } => *until,
        }
    }
}

#[derive(Default)]
struct Records {
    by_key: BySession<Known>,
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

    fn live(&mut self, key: &SessionKey, now: OffsetDateTime) -> Option<&mut Entry> {
        match self.by_key.get_mut(key) {
            Some(Known::Live(entry)) if entry.record.deadline > now => Some(entry),
            _ => None,
        }
    }

    fn put(&mut self, key: SessionKey, known: Known) {
        self.remove(&key);
        self.by_deadline.insert((known.deadline(), key));
        self.by_key.insert(key, known);
    }

    fn remove(&mut self, key: &SessionKey) -> Option<Known> {
        let known = self.by_key.remove(key)?;
        self.by_deadline.remove(&(known.deadline(), *key));
        Some(known)
    }

    fn move_deadline(&mut self, key: &SessionKey, deadline: Deadline) {
        if let Some(Known::Live(Entry { record, .. })) = self.by_key.get_mut(key) {
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
        self.0.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn offer(&self, key: &SessionKey, to: Option<NodeId>) {
        if to.is_some() {
            // nobody listens: nobody waits
            let _ = self.0.notices.send((to, Notice::Offered(*key)));
        }
    }

    /// How many sessions live.
    pub fn len(&self) -> usize {
        let mut records = self.records();
        records.purge(crate::clock::now());
        records.by_key.values().filter(|known| matches!(known, Known::Live(_))).count()
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
    const AT_ONCE: bool = true;

    async fn create(&self, key: &SessionKey, record: Record, now: OffsetDateTime) -> Result<Created, StoreError> {
        let mut records = self.records();
        records.purge(now);
        if records.by_key.contains_key(key) {
            return Ok(Created::Taken);
        }
        records.put(*key, Known::Live(Entry::new(record)));
        Ok(Created::Done)
    }

    async fn load(&self, key: &SessionKey, now: OffsetDateTime) -> Result<Loaded, StoreError> {
        Ok(match self.records().by_key.get(key) {
            Some(known) if known.deadline() <= now => Loaded::Gone,
            Some(Known::Live(entry)) => Loaded::Live(entry.record.clone()),
            Some(Known::Retired { .. }) => Loaded::Rotated,
            None => Loaded::Gone,
        })
    }

    async fn acquire(&self, key: &SessionKey, claim: &Claim, now: OffsetDateTime) -> Result<Acquired, StoreError> {
        Ok(self.records().live(key, now).map_or(Acquired::Gone, |entry| entry.acquire(claim)))
    }

    async fn confirm(
        &self,
        key: &SessionKey,
        claim: &Claim,
        known: Record,
        now: OffsetDateTime,
    ) -> Result<Acquired, StoreError> {
        Ok(self.records().live(key, now).map_or(Acquired::Gone, |entry| entry.confirm(claim, known)))
    }

    async fn patch(&self, key: &SessionKey, patch: &Patch, now: OffsetDateTime) -> Result<Patched, StoreError> {
        let mut records = self.records();
        let Some(entry) = records.live(key, now) else {
            return Ok(Patched::Gone);
        };
        let again = entry.knows(patch.transaction);
        let (patched, next) = entry.patch(patch);
        if let (Patched::Applied { .. }, Some(deadline), false) = (patched, patch.deadline, again) {
            records.move_deadline(key, deadline);
        }
        self.offer(key, next);
        Ok(patched)
    }

    async fn release(&self, key: &SessionKey, token: Token) -> Result<(), StoreError> {
        if let Some(Known::Live(entry)) = self.records().by_key.get_mut(key) {
            let next = entry.release(token);
            self.offer(key, next);
        }
        Ok(())
    }

    async fn touch(&self, key: &SessionKey, deadline: Deadline, now: OffsetDateTime) -> Result<bool, StoreError> {
        let mut records = self.records();
        let Some(entry) = records.live(key, now) else {
            return Ok(false);
        };
        entry.record.unconfirmed = false;
        records.move_deadline(key, deadline);
        Ok(true)
    }

    async fn delete(&self, key: &SessionKey, now: OffsetDateTime) -> Result<bool, StoreError> {
        let mut records = self.records();
        let lived = records.live(key, now).is_some();
        if lived {
            records.remove(key);
        }
        Ok(lived)
    }

    async fn retire(
        &self,
        key: &SessionKey,
        retirement: &Retirement,
        now: OffsetDateTime,
    ) -> Result<Patched, StoreError> {
        const APPLIED: Patched = Patched::Applied { held: false, alone: false };
        let mut records = self.records();
        if let Some(Known::Retired { by, .. }) = records.by_key.get(key) {
            return Ok(if *by == retirement.transaction { APPLIED } else { Patched::Gone });
        }
        let Some(entry) = records.live(key, now) else {
            return Ok(Patched::Gone);
        };
        if retirement.token.is_some_and(|token| !entry.carries(token)) {
            return Ok(Patched::Fenced);
        }
        if entry.record.latest != retirement.seen {
            return Ok(Patched::Changed);
        }
        records.put(*key, Known::Retired { by: retirement.transaction, until: retirement.until });
        Ok(APPLIED)
    }

    async fn exists(&self, keys: &[SessionKey], now: OffsetDateTime) -> Result<Vec<bool>, StoreError> {
        let mut records = self.records();
        Ok(keys.iter().map(|key| records.live(key, now).is_some()).collect())
    }

    async fn join(&self, user: &UserKey, key: &SessionKey) -> Result<(), StoreError> {
        self.0.users.join(*user, *key);
        Ok(())
    }

    async fn leave(&self, user: &UserKey, keys: &[SessionKey]) -> Result<(), StoreError> {
        self.0.users.leave(*user, keys);
        Ok(())
    }

    async fn members(&self, user: &UserKey) -> Result<Vec<Member>, StoreError> {
        Ok(self.0.users.members(*user))
    }

    async fn end_user(&self, user: &UserKey) -> Result<(), StoreError> {
        self.0.users.end(*user);
        Ok(())
    }

    async fn user_ended(&self, user: &UserKey) -> Result<Option<Duration>, StoreError> {
        Ok(self.0.users.ended(*user))
    }

    async fn announce(&self, notice: &Notice) -> Result<(), StoreError> {
        let _ = self.0.notices.send((None, *notice));
        Ok(())
    }

    fn listen(&self, node: NodeId) -> Notices {
        let notices = self.0.notices.subscribe();
        let heard = stream::unfold(notices, move |mut notices| async move {
            loop {
                match notices.recv().await {
                    Ok((to, notice)) if to.is_none_or(|to| to == node) => return Some((notice, notices)),
                    Ok(_) => {}
                    Err(broadcast::error::RecvError::Lagged(_)) => return Some((Notice::Missed, notices)),
                    Err(broadcast::error::RecvError::Closed) => return None,
                }
            }
        });
        // whatever was said before
        stream::once(std::future::ready(Notice::Missed)).chain(heard).boxed()
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
        Record { fields: Fields::default(), deadline, unconfirmed: false, latest: None }
    }

    fn patch() -> Patch {
        Patch { set: vec![("count".into(), json!(1))], ..Patch::new() }
    }

    #[tokio::test]
    async fn a_save_never_brings_back_what_was_deleted() {
        let (store, key) = (MemoryStore::default(), Id::mint().key());
        store.create(&key, record(60), now()).await.unwrap();
        assert!(store.delete(&key, now()).await.unwrap());
        assert_eq!(store.patch(&key, &patch(), now()).await.unwrap(), Patched::Gone);
        assert!(!store.touch(&key, Deadline::Set(record(60).deadline), now()).await.unwrap());
        assert_eq!(store.load(&key, now()).await.unwrap(), Loaded::Gone);
    }

    #[tokio::test]
    async fn nothing_is_loaded_or_saved_past_its_deadline() {
        let (store, key) = (MemoryStore::default(), Id::mint().key());
        store.create(&key, record(-1), now()).await.unwrap();
        assert_eq!(store.load(&key, now()).await.unwrap(), Loaded::Gone);
        assert_eq!(store.patch(&key, &patch(), now()).await.unwrap(), Patched::Gone);
        assert_eq!(store.exists(&[key], now()).await.unwrap(), [false]);
    }

    #[tokio::test]
    async fn creating_never_replaces() {
        let (store, key) = (MemoryStore::default(), Id::mint().key());
        store.create(&key, record(60), now()).await.unwrap();
        store.patch(&key, &patch(), now()).await.unwrap();
        assert_eq!(store.create(&key, record(60), now()).await.unwrap(), Created::Taken);
        assert_eq!(store.load(&key, now()).await.unwrap().live().unwrap().fields.get("count"), Some(&json!(1)));
    }

    #[tokio::test]
    async fn what_has_expired_is_purged() {
        let store = MemoryStore::default();
        for _ in 0..10 {
            store.create(&Id::mint().key(), record(-1), now()).await.unwrap();
        }
        let key = Id::mint().key();
        store.create(&key, record(60), now()).await.unwrap();
        store.touch(&key, Deadline::Set(record(120).deadline), now()).await.unwrap();
        let records = store.records();
        assert_eq!((records.by_key.len(), records.by_deadline.len()), (1, 1));
    }

    #[tokio::test]
    async fn a_snapshot_does_not_change_under_its_reader() {
        let (store, key) = (MemoryStore::default(), Id::mint().key());
        store.create(&key, record(60), now()).await.unwrap();
        let before = store.load(&key, now()).await.unwrap().live().unwrap();
        store.patch(&key, &patch(), now()).await.unwrap();
        assert!(before.fields.is_empty());
    }
}
