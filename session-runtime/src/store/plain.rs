//! Any store of tower-sessions, with the guarantees that it can have.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use tokio::sync::OwnedMutexGuard;
use tower_sessions::{
    SessionStore,
    session::{Id as PlainId, Record as PlainRecord},
    session_store::Error,
};

use super::{
    Acquired, Claim, Created, Loaded, Member, Patched, Retirement, Store, StoreError, Token, users::UserIndex,
};
use crate::record::{Deadline, FieldKey, Fields, Patch, Record, SessionKey, TransactionId, UserKey};

/// The key of our own notes in a record of tower-sessions. The user's keys that begin with it get one more.
const NOTES: char = '@';

/// The store's own clock may be wrong by so much: it only collects what nobody asks for any more.
const SLACK: Duration = Duration::HOUR;

/// How many transactions a record remembers.
const REMEMBERED: usize = 8;

/// How many records are looked for at once.
const AT_ONCE: usize = 16;

/// Makes a [`Store`] of any [`tower_sessions::SessionStore`], with the guarantees that it can have.
///
/// Such a store saves whole records, knows no leases, and mostly writes by upsert. So what is promised holds **within
/// one process**: `&mut` is exclusive, events keep their order, a handler saves all or nothing, and those that wait
/// share the trip; what this process deletes stays gone. Give each process a store of its own, or use one that has the
/// guarantees for many nodes.
///
/// ```
/// use socket_session::{Plain, Sessions};
/// use socketioxide::SocketIo;
///
/// let (io_layer, io) = SocketIo::new_layer();
/// let store = tower_sessions::MemoryStore::default(); // or one of the published ones
/// let sessions = Sessions::builder(Plain::new(store)).build(&io);
/// ```
///
/// What it cannot promise:
///
/// - Where several processes share the store, they undo each other's writes, and can bring back what another has
///   deleted. What is looked at before a save may be gone when it is written.
/// - A save that got no answer is sent again, and applied once, unless the store is still at the first copy.
/// - Acknowledged is as durable as the store's `save`.
/// - Which sessions a user has is known of this process, since it began.
///
/// Each write is a load and a save. Records are kept under the hash of the session's id, which is no credential, with a
/// note of ours under the key `@`; other programs cannot use them as theirs. They are collected by the store an hour
/// after their deadline.
pub struct Plain<S> {
    store: Arc<S>,
    turns: Turns,
    users: UserIndex,
}

impl<S: SessionStore> Plain<S> {
    /// On this store.
    pub fn new(store: S) -> Self {
        Self { store: Arc::new(store), turns: Turns::default(), users: UserIndex::default() }
    }

    /// Writes in the key's turn: to an end, even if whoever asked for it goes away, for what is under way at the store
    /// must not meet the next write.
    async fn write<T, F>(&self, key: SessionKey, write: impl FnOnce(Arc<S>, PlainId) -> F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        let turn = self.turns.of(key).await;
        let writing = write(Arc::clone(&self.store), plain_id(&key));
        let task = tokio::spawn(async move {
            let written = writing.await;
            drop(turn);
            written
        });
        task.await.unwrap_or_else(|panic| Err(StoreError::unanswered(panic)))
    }
}

impl<S> fmt::Debug for Plain<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plain").finish_non_exhaustive()
    }
}

/// 16 bytes of the hash: as hard to guess as an id, and no id.
fn plain_id(key: &SessionKey) -> PlainId {
    let mut id = [0; 16];
    id.iter_mut().zip(key.as_bytes()).for_each(|(id, byte)| *id = *byte);
    PlainId(i128::from_le_bytes(id))
}

/// What a record of ours says beside the user's values.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Notes {
    /// In milliseconds since 1970.
    deadline: i64,
    #[serde(default, skip_serializing_if = "is_false")]
    unconfirmed: bool,
    /// The last transactions, the newest first.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    applied: VecDeque<String>,
    /// The session has got a new id, by this transaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retired: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
fn is_false(value: &bool) -> bool {
    !*value
}

fn name(transaction: TransactionId) -> String {
    format!("{:x}", transaction.0)
}

/// What [`name`] has written.
fn named(name: &str) -> Option<TransactionId> {
    u128::from_str_radix(name, 16).ok().map(TransactionId)
}

/// A record as it is in tower-sessions' store.
struct Entry {
    fields: Fields,
    notes: Notes,
}

impl Entry {
    fn read(record: PlainRecord) -> Result<Self, StoreError> {
        let (mut fields, mut notes) = (Vec::with_capacity(record.data.len()), None);
        for (key, value) in record.data {
            match key.strip_prefix(NOTES) {
                Some("") => notes = Some(value),
                Some(users) => fields.push((FieldKey::Owned(users.to_owned()), value)),
                None => fields.push((FieldKey::Owned(key), value)),
            }
        }
        let notes = notes.ok_or_else(|| StoreError::unavailable("a record that another program has written"))?;
        let notes = serde_json::from_value(notes).map_err(StoreError::unavailable)?;
        Ok(Self { fields: fields.into_iter().collect(), notes })
    }

    fn write(self, id: PlainId) -> Result<PlainRecord, StoreError> {
        let expiry_date = self.deadline().saturating_add(SLACK);
        let notes = serde_json::to_value(self.notes).map_err(StoreError::unavailable)?;
        let users = self.fields.iter().map(|(key, value)| {
            let key = if key.starts_with(NOTES) { format!("{NOTES}{key}") } else { key.to_owned() };
            (key, value.clone())
        });
        let data: HashMap<_, _> = users.chain([(NOTES.to_string(), notes)]).collect();
        Ok(PlainRecord { id, data, expiry_date })
    }

    fn new(record: Record) -> Self {
        let notes = Notes { unconfirmed: record.unconfirmed, ..Notes::default() };
        let mut entry = Self { fields: record.fields, notes };
        entry.end_at(record.deadline);
        entry
    }

    /// The deadline, or the end of the mark.
    fn deadline(&self) -> OffsetDateTime {
        let since_1970 = Duration::milliseconds(self.notes.deadline);
        OffsetDateTime::UNIX_EPOCH.saturating_add(since_1970)
    }

    fn end_at(&mut self, deadline: OffsetDateTime) {
        let since_1970 = (deadline - OffsetDateTime::UNIX_EPOCH).whole_milliseconds();
        // it ends in the year 9999 at the latest
        self.notes.deadline = i64::try_from(since_1970).unwrap_or(i64::MAX);
    }

    /// The last transaction.
    fn latest(&self) -> Option<TransactionId> {
        self.notes.applied.front().and_then(|name| named(name))
    }

    /// Whether it is there, as a record or as a mark.
    fn is_there(&self, now: OffsetDateTime) -> bool {
        self.deadline() > now
    }

    fn lives(&self, now: OffsetDateTime) -> bool {
        self.is_there(now) && self.notes.retired.is_none()
    }
}

async fn find<S: SessionStore>(store: &S, id: PlainId) -> Result<Option<Entry>, StoreError> {
    let found = store.load(&id).await.map_err(|error| StoreError::Unavailable(error.into()))?;
    found.map(Entry::read).transpose()
}

async fn live<S: SessionStore>(store: &S, id: PlainId, now: OffsetDateTime) -> Result<Option<Entry>, StoreError> {
    Ok(find(store, id).await?.filter(|entry| entry.lives(now)))
}

async fn save<S: SessionStore>(store: &S, id: PlainId, entry: Entry) -> Result<(), StoreError> {
    store.save(&entry.write(id)?).await.map_err(written)
}

/// Whether a write that failed was written is known only if it was never begun.
fn written(error: Error) -> StoreError {
    match error {
        Error::Encode(_) => StoreError::Unavailable(error.into()),
        Error::Decode(_) | Error::Backend(_) => StoreError::Unanswered(error.into()),
    }
}

const APPLIED: Patched = Patched::Applied { held: false, alone: false };

impl<S: SessionStore> Store for Plain<S> {
    const LEASES: bool = false;

    async fn create(&self, key: &SessionKey, record: Record, now: OffsetDateTime) -> Result<Created, StoreError> {
        let create = |store: Arc<S>, id| async move {
            if let Some(entry) = find(&*store, id).await? {
                if entry.is_there(now) {
                    return Ok(Created::Taken);
                }
                store.delete(&id).await.map_err(written)?;
            }
            let mut record = Entry::new(record).write(id)?;
            store.create(&mut record).await.map_err(written)?;
            if record.id == id {
                return Ok(Created::Done);
            }
            // there is one that it does not show, so it has made another id, by which nobody would find it
            store.delete(&record.id).await.map_err(written)?;
            Ok(Created::Taken)
        };
        self.write(*key, create).await
    }

    async fn load(&self, key: &SessionKey, now: OffsetDateTime) -> Result<Loaded, StoreError> {
        Ok(match find(&*self.store, plain_id(key)).await?.filter(|entry| entry.is_there(now)) {
            None => Loaded::Gone,
            Some(entry) if entry.notes.retired.is_some() => Loaded::Rotated,
            Some(entry) => {
                let (deadline, unconfirmed, latest) = (entry.deadline(), entry.notes.unconfirmed, entry.latest());
                Loaded::Live(Record { fields: entry.fields, deadline, unconfirmed, latest })
            }
        })
    }

    async fn acquire(&self, key: &SessionKey, _: &Claim, now: OffsetDateTime) -> Result<Acquired, StoreError> {
        // never called: there are no leases, and whoever asks has it
        Ok(self.load(key, now).await?.live().map_or(Acquired::Gone, Acquired::Held))
    }

    async fn patch(&self, key: &SessionKey, patch: &Patch, now: OffsetDateTime) -> Result<Patched, StoreError> {
        let patch = patch.clone();
        let apply = |store: Arc<S>, id| async move {
            let Some(mut entry) = live(&*store, id, now).await? else {
                return Ok(Patched::Gone);
            };
            let transaction = name(patch.transaction);
            if patch.is_empty() || entry.notes.applied.contains(&transaction) {
                return Ok(APPLIED);
            }
            entry.fields.apply(&patch);
            if let Some(deadline) = patch.deadline {
                entry.end_at(deadline.after(entry.deadline()));
            }
            entry.notes.applied.truncate(REMEMBERED - 1);
            entry.notes.applied.push_front(transaction);
            save(&*store, id, entry).await?;
            Ok(APPLIED)
        };
        self.write(*key, apply).await
    }

    async fn release(&self, _: &SessionKey, _: Token) -> Result<(), StoreError> {
        Ok(())
    }

    async fn touch(&self, key: &SessionKey, deadline: Deadline, now: OffsetDateTime) -> Result<bool, StoreError> {
        let touch = |store: Arc<S>, id| async move {
            let Some(mut entry) = live(&*store, id, now).await? else {
                return Ok(false);
            };
            entry.end_at(deadline.after(entry.deadline()));
            entry.notes.unconfirmed = false;
            save(&*store, id, entry).await?;
            Ok(true)
        };
        self.write(*key, touch).await
    }

    async fn delete(&self, key: &SessionKey, now: OffsetDateTime) -> Result<bool, StoreError> {
        let delete = |store: Arc<S>, id| async move {
            // what cannot be read is deleted all the same
            let lived = live(&*store, id, now).await.map_or(true, |entry| entry.is_some());
            if lived {
                store.delete(&id).await.map_err(written)?;
            }
            Ok(lived)
        };
        self.write(*key, delete).await
    }

    async fn retire(&self, key: &SessionKey, end: &Retirement, now: OffsetDateTime) -> Result<Patched, StoreError> {
        let (by, seen, until) = (name(end.transaction), end.seen, end.until);
        let retire = move |store: Arc<S>, id| async move {
            match find(&*store, id).await? {
                Some(entry) if entry.notes.retired.as_ref() == Some(&by) => Ok(APPLIED),
                Some(entry) if entry.lives(now) && entry.latest() != seen => Ok(Patched::Changed),
                Some(entry) if entry.lives(now) => {
                    let notes = Notes { retired: Some(by), ..Notes::default() };
                    let mut mark = Entry { fields: Fields::default(), notes };
                    mark.end_at(until);
                    save(&*store, id, mark).await?;
                    Ok(APPLIED)
                }
                _ => Ok(Patched::Gone),
            }
        };
        self.write(*key, retire).await
    }

    async fn join(&self, user: &UserKey, key: &SessionKey) -> Result<(), StoreError> {
        self.users.join(*user, *key);
        Ok(())
    }

    async fn leave(&self, user: &UserKey, keys: &[SessionKey]) -> Result<(), StoreError> {
        self.users.leave(*user, keys);
        Ok(())
    }

    async fn members(&self, user: &UserKey) -> Result<Vec<Member>, StoreError> {
        Ok(self.users.members(*user))
    }

    async fn end_user(&self, user: &UserKey) -> Result<(), StoreError> {
        self.users.end(*user);
        Ok(())
    }

    async fn user_ended(&self, user: &UserKey) -> Result<Option<std::time::Duration>, StoreError> {
        Ok(self.users.ended(*user))
    }

    async fn exists(&self, keys: &[SessionKey], now: OffsetDateTime) -> Result<Vec<bool>, StoreError> {
        let ids: Vec<_> = keys.iter().map(plain_id).collect();
        let looks = ids.into_iter().map(|id| async move { Ok(live(&*self.store, id, now).await?.is_some()) });
        stream::iter(looks).buffered(AT_ONCE).try_collect().await
    }
}

/// Whose turn it is to write, for each key. Only keys at work.
#[derive(Clone, Default)]
struct Turns(Arc<Mutex<HashMap<SessionKey, Lock>>>);

type Lock = Arc<tokio::sync::Mutex<()>>;

/// A place among those who write to a key, and the turn when it has come.
struct Turn {
    turns: Turns,
    key: SessionKey,
    lock: Option<Lock>,
    held: Option<OwnedMutexGuard<()>>,
}

impl Turns {
    fn locks(&self) -> MutexGuard<'_, HashMap<SessionKey, Lock>> {
        // no code of others runs under this lock
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The order of these calls is the order of the turns.
    async fn of(&self, key: SessionKey) -> Turn {
        let lock = Arc::clone(self.locks().entry(key).or_default());
        let mut turn = Turn { turns: self.clone(), key, lock: Some(Arc::clone(&lock)), held: None };
        turn.held = Some(lock.lock_owned().await);
        turn
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.held = None;
        self.lock = None;
        let mut locks = self.turns.locks();
        // nobody else has a place
        if locks.get(&self.key).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            locks.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Id;

    #[tokio::test]
    async fn turns_that_nobody_waits_for_are_forgotten() {
        let (turns, key) = (Turns::default(), Id::mint().key());
        let first = turns.of(key).await;
        let second = turns.of(key);
        {
            let mut given_up = Box::pin(turns.of(key));
            assert!(futures_util::poll!(&mut given_up).is_pending());
        }
        let (second, ()) = tokio::join!(second, async { drop(first) });
        assert_eq!(turns.locks().len(), 1);
        drop(second);
        assert!(turns.locks().is_empty());
    }
}
