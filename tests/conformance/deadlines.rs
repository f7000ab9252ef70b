//! Stores that get the end of a session wrong.

use socket_session::{
    MemoryStore,
    store::{
        Created, Deadline, FieldKey, Loaded, Patch, Patched, Record, Retirement, SessionKey, Store, TransactionId,
    },
};
use tokio::task::yield_now;
use tower_sessions::cookie::time::{Duration, OffsetDateTime};

use super::broken::{At, Result, Sabotage, random};

/// A clock by which nothing has ended.
const LONG_AGO: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

/// Loads whatever is there.
#[derive(Default)]
pub(crate) struct LoadsTheExpired;

impl Sabotage for LoadsTheExpired {
    async fn load(&self, at: At<'_>) -> Result<Loaded> {
        match at.by(LONG_AGO).load().await? {
            Loaded::Rotated => at.load().await,
            loaded => Ok(loaded),
        }
    }
}

/// Writes to whatever is there.
#[derive(Default)]
pub(crate) struct WritesToTheExpired;

impl Sabotage for WritesToTheExpired {
    async fn patch(&self, at: At<'_>, patch: &Patch) -> Result<Patched> {
        at.by(LONG_AGO).patch(patch).await
    }
}

/// Collects what seems to have ended whenever somebody asks for it.
#[derive(Default)]
pub(crate) struct PurgesForEverybody;

impl Sabotage for PurgesForEverybody {
    async fn load(&self, at: At<'_>) -> Result<Loaded> {
        let loaded = at.load().await?;
        if loaded == Loaded::Gone {
            at.by(LONG_AGO).delete().await?;
        }
        Ok(loaded)
    }
}

/// Judges by its own clock.
#[derive(Default)]
pub(crate) struct HasAClock;

impl Sabotage for HasAClock {
    async fn load(&self, at: At<'_>) -> Result<Loaded> {
        at.by(OffsetDateTime::now_utc()).load().await
    }

    async fn patch(&self, at: At<'_>, patch: &Patch) -> Result<Patched> {
        at.by(OffsetDateTime::now_utc()).patch(patch).await
    }
}

/// Lets a record die by its own clock, when the deadline has come.
#[derive(Default)]
pub(crate) struct ExpiresByItsClock;

impl Sabotage for ExpiresByItsClock {
    async fn load(&self, at: At<'_>) -> Result<Loaded> {
        match at.by(OffsetDateTime::now_utc()).load().await? {
            Loaded::Gone => Ok(Loaded::Gone),
            _ => at.load().await,
        }
    }
}

/// Counts the seconds in 32 bits.
#[derive(Default)]
pub(crate) struct EndsIn2038;

impl Sabotage for EndsIn2038 {
    async fn create(&self, at: At<'_>, record: Record) -> Result<Created> {
        let last = LONG_AGO + Duration::seconds(i64::from(i32::MAX));
        at.create(Record { deadline: record.deadline.min(last), ..record }).await
    }
}

fn set(deadline: Deadline) -> Deadline {
    let (Deadline::Extend(to) | Deadline::Set(to)) = deadline;
    Deadline::Set(to)
}

fn extend(deadline: Deadline) -> Deadline {
    let (Deadline::Extend(to) | Deadline::Set(to)) = deadline;
    Deadline::Extend(to)
}

macro_rules! moves {
    ($($(#[$doc:meta])* $name:ident: $how:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Default)]
        pub(crate) struct $name;

        impl Sabotage for $name {
            async fn patch(&self, at: At<'_>, patch: &Patch) -> Result<Patched> {
                at.patch(&Patch { deadline: patch.deadline.map($how), ..patch.clone() }).await
            }

            async fn touch(&self, at: At<'_>, deadline: Deadline) -> Result<bool> {
                at.touch($how(deadline)).await
            }
        }
    )*};
}

moves! {
    /// Moves a deadline back that should only be extended.
    ExtendsBackwards: set;
    /// Never moves a deadline back.
    NeverMovesBack: extend;
}

/// A touch is an upsert.
#[derive(Default)]
pub(crate) struct TouchCreates;

impl Sabotage for TouchCreates {
    async fn touch(&self, at: At<'_>, deadline: Deadline) -> Result<bool> {
        if at.touch(deadline).await? {
            return Ok(true);
        }
        let record = Record {
            fields: socket_session::store::Fields::default(),
            deadline: deadline.after(at.now),
            unconfirmed: false,
            latest: None,
        };
        Ok(at.create(record).await? == Created::Done)
    }
}

/// A touch loads the record and saves it.
#[derive(Default)]
pub(crate) struct TouchSavesTheRecord;

impl Sabotage for TouchSavesTheRecord {
    async fn touch(&self, at: At<'_>, deadline: Deadline) -> Result<bool> {
        let fields = at.load().await?.live().map(|record| record.fields).unwrap_or_default();
        yield_now().await;
        let fields = fields.iter().map(|(key, value)| (FieldKey::Owned(key.to_owned()), value.clone()));
        let patch = Patch { set: fields.collect(), ..Patch::new() };
        at.patch(&patch).await?;
        at.touch(deadline).await
    }
}

/// A touch writes a new record, with nothing in it.
#[derive(Default)]
pub(crate) struct TouchClears;

impl Sabotage for TouchClears {
    async fn touch(&self, at: At<'_>, deadline: Deadline) -> Result<bool> {
        let fields = at.load().await?.live().map(|record| record.fields).unwrap_or_default();
        let remove = fields.iter().map(|(key, _)| FieldKey::Owned(key.to_owned())).collect();
        at.patch(&Patch { remove, ..Patch::new() }).await?;
        at.touch(deadline).await
    }
}

/// A patch confirms, too.
#[derive(Default)]
pub(crate) struct PatchConfirms;

impl Sabotage for PatchConfirms {
    async fn patch(&self, at: At<'_>, patch: &Patch) -> Result<Patched> {
        at.touch(Deadline::Extend(LONG_AGO)).await?;
        at.patch(patch).await
    }
}

/// Deletes in the background.
#[derive(Default)]
pub(crate) struct DeletesSoon;

impl Sabotage for DeletesSoon {
    async fn delete(&self, at: At<'_>) -> Result<bool> {
        let lives = at.load().await?.live().is_some();
        let (memory, key, now) = (at.memory.clone(), *at.key, at.now);
        tokio::spawn(async move { memory.delete(&key, now).await });
        Ok(lives)
    }
}

/// Says that it has deleted, whatever was there.
#[derive(Default)]
pub(crate) struct DeletesAnything;

impl Sabotage for DeletesAnything {
    async fn delete(&self, at: At<'_>) -> Result<bool> {
        at.delete().await?;
        Ok(true)
    }
}

/// Deletes only what nobody holds a lease of.
#[derive(Default)]
pub(crate) struct DeleteNeedsTheLease;

impl Sabotage for DeleteNeedsTheLease {
    async fn delete(&self, at: At<'_>) -> Result<bool> {
        if at.lease().await?.is_some() {
            return Ok(false);
        }
        at.delete().await
    }
}

/// Retires by deleting.
#[derive(Default)]
pub(crate) struct RetiresWithoutMark;

impl Sabotage for RetiresWithoutMark {
    async fn retire(&self, at: At<'_>, end: &Retirement) -> Result<Patched> {
        at.retire(&Retirement { until: LONG_AGO, ..*end }).await
    }
}

/// A mark never ends.
#[derive(Default)]
pub(crate) struct MarksForEver;

impl Sabotage for MarksForEver {
    async fn load(&self, at: At<'_>) -> Result<Loaded> {
        match at.by(LONG_AGO).load().await? {
            Loaded::Rotated => Ok(Loaded::Rotated),
            _ => at.load().await,
        }
    }
}

/// Takes a mark for a record.
#[derive(Default)]
pub(crate) struct MarksExist;

impl Sabotage for MarksExist {
    async fn exists(&self, memory: &MemoryStore, keys: &[SessionKey], now: OffsetDateTime) -> Result<Vec<bool>> {
        let mut exist = Vec::new();
        for key in keys {
            exist.push(memory.load(key, now).await? != Loaded::Gone);
        }
        Ok(exist)
    }
}

/// Does not know its own retirements.
#[derive(Default)]
pub(crate) struct ForgetsWhoRetired;

impl Sabotage for ForgetsWhoRetired {
    async fn retire(&self, at: At<'_>, end: &Retirement) -> Result<Patched> {
        at.retire(&Retirement { transaction: TransactionId(random()), ..*end }).await
    }
}

/// Takes every retirement of the retired for the first one.
#[derive(Default)]
pub(crate) struct RetiresAgain;

impl Sabotage for RetiresAgain {
    async fn retire(&self, at: At<'_>, end: &Retirement) -> Result<Patched> {
        if at.load().await? == Loaded::Rotated {
            return Ok(Patched::Applied { held: false, alone: false });
        }
        at.retire(end).await
    }
}

/// Leaves a mark whatever was there.
#[derive(Default)]
pub(crate) struct RetiresTheDead;

impl Sabotage for RetiresTheDead {
    async fn retire(&self, at: At<'_>, end: &Retirement) -> Result<Patched> {
        let fields = socket_session::store::Fields::default();
        at.create(Record { fields, deadline: end.until, unconfirmed: false, latest: None }).await?;
        at.retire(end).await
    }
}

/// Retires whoever holds the lease.
#[derive(Default)]
pub(crate) struct RetiresWithoutFence;

impl Sabotage for RetiresWithoutFence {
    async fn retire(&self, at: At<'_>, end: &Retirement) -> Result<Patched> {
        at.retire(&Retirement { token: None, ..*end }).await
    }
}

/// Retires whatever was seen.
#[derive(Default)]
pub(crate) struct RetiresUnseen;

impl Sabotage for RetiresUnseen {
    async fn retire(&self, at: At<'_>, end: &Retirement) -> Result<Patched> {
        loop {
            let seen = at.load().await?.live().and_then(|record| record.latest);
            match at.retire(&Retirement { seen, ..*end }).await? {
                Patched::Changed => {}
                retired => return Ok(retired),
            }
        }
    }
}

/// Looks at what was seen first, and then retires.
#[derive(Default)]
pub(crate) struct ChecksThenRetires;

impl Sabotage for ChecksThenRetires {
    async fn retire(&self, at: At<'_>, end: &Retirement) -> Result<Patched> {
        if let Loaded::Live(record) = at.load().await?
            && record.latest == end.seen
        {
            yield_now().await;
            return RetiresUnseen.retire(at, end).await;
        }
        at.retire(end).await
    }
}

/// Does not say which transaction was the last.
#[derive(Default)]
pub(crate) struct KeepsTheLatestToItself;

impl Sabotage for KeepsTheLatestToItself {
    async fn load(&self, at: At<'_>) -> Result<Loaded> {
        Ok(match at.load().await? {
            Loaded::Live(record) => Loaded::Live(Record { latest: None, ..record }),
            loaded => loaded,
        })
    }
}

/// Answers in an order of its own, once for each key.
#[derive(Default)]
pub(crate) struct SortsTheKeys;

impl Sabotage for SortsTheKeys {
    async fn exists(&self, memory: &MemoryStore, keys: &[SessionKey], now: OffsetDateTime) -> Result<Vec<bool>> {
        let mut keys = keys.to_vec();
        keys.sort_unstable();
        memory.exists(&keys, now).await
    }
}
