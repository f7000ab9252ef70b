//! Stores that write too much, too little, or to whom they should not.

use std::{collections::HashMap, sync::Mutex};

use serde_json::{Number, Value};
use socket_session::store::{Created, Deadline, FieldKey, Loaded, Patch, Patched, Record, SessionKey, TransactionId};
use tokio::task::yield_now;
use tower_sessions::cookie::time::Duration;

use super::broken::{At, Result, Sabotage, random};

fn another() -> TransactionId {
    TransactionId(random())
}

fn owned(fields: &socket_session::store::Fields) -> Vec<(FieldKey, Value)> {
    fields.iter().map(|(key, value)| (FieldKey::Owned(key.to_owned()), value.clone())).collect()
}

/// Sabotages whatever is to be stored, created or patched.
trait Mangles: Default + Send + Sync + 'static {
    fn mangle(fields: Vec<(FieldKey, Value)>) -> Vec<(FieldKey, Value)>;
}

macro_rules! mangles {
    ($($name:ident),*) => {$(
        impl Sabotage for $name {
            async fn create(&self, at: At<'_>, record: Record) -> Result<Created> {
                let fields = Self::mangle(owned(&record.fields)).into_iter().collect();
                at.create(Record { fields, ..record }).await
            }

            async fn patch(&self, at: At<'_>, patch: &Patch) -> Result<Patched> {
                at.patch(&Patch { set: Self::mangle(patch.set.clone()), ..patch.clone() }).await
            }
        }
    )*};
}

mangles!(DropsNulls, RoundsNumbers, KeepsKeysToItself, CutsTexts, UnpacksTooFew);

/// Takes `null` for no value.
#[derive(Default)]
pub(crate) struct DropsNulls;

impl Mangles for DropsNulls {
    fn mangle(mut fields: Vec<(FieldKey, Value)>) -> Vec<(FieldKey, Value)> {
        fields.retain(|(_, value)| !value.is_null());
        fields
    }
}

/// Has numbers of one kind only: doubles.
#[derive(Default)]
pub(crate) struct RoundsNumbers;

impl Mangles for RoundsNumbers {
    fn mangle(mut fields: Vec<(FieldKey, Value)>) -> Vec<(FieldKey, Value)> {
        for (_, value) in &mut fields {
            let large = value.as_u64().filter(|number| *number > 1 << 53);
            #[expect(clippy::cast_precision_loss, reason = "that is what this store does wrong")]
            if let Some(number) = large.and_then(|number| Number::from_f64(number as f64)) {
                *value = Value::Number(number);
            }
        }
        fields
    }
}

/// Has its own fields among the user's.
#[derive(Default)]
pub(crate) struct KeepsKeysToItself;

impl Mangles for KeepsKeysToItself {
    fn mangle(mut fields: Vec<(FieldKey, Value)>) -> Vec<(FieldKey, Value)> {
        fields.retain(|(key, _)| key != "@deadline");
        fields
    }
}

/// Has a column that is too small.
#[derive(Default)]
pub(crate) struct CutsTexts;

impl Mangles for CutsTexts {
    fn mangle(mut fields: Vec<(FieldKey, Value)>) -> Vec<(FieldKey, Value)> {
        for (_, value) in &mut fields {
            if let Value::String(text) = value {
                *text = text.chars().take(65_535).collect();
            }
        }
        fields
    }
}

/// Passes on as many keys as its protocol has arguments.
#[derive(Default)]
pub(crate) struct UnpacksTooFew;

impl Mangles for UnpacksTooFew {
    fn mangle(mut fields: Vec<(FieldKey, Value)>) -> Vec<(FieldKey, Value)> {
        fields.truncate(1_000);
        fields
    }
}

/// Takes every record for confirmed.
#[derive(Default)]
pub(crate) struct ForgetsUnconfirmed;

impl Sabotage for ForgetsUnconfirmed {
    async fn create(&self, at: At<'_>, record: Record) -> Result<Created> {
        at.create(Record { unconfirmed: false, ..record }).await
    }
}

/// Creates by upsert.
#[derive(Default)]
pub(crate) struct ReplacesOnCreate;

impl Sabotage for ReplacesOnCreate {
    async fn create(&self, at: At<'_>, record: Record) -> Result<Created> {
        at.delete().await?;
        at.create(record).await
    }
}

/// Looks, and then creates.
#[derive(Default)]
pub(crate) struct ChecksThenCreates;

impl Sabotage for ChecksThenCreates {
    async fn create(&self, at: At<'_>, record: Record) -> Result<Created> {
        if at.load().await? != Loaded::Gone {
            return Ok(Created::Taken);
        }
        yield_now().await;
        at.delete().await?;
        at.create(record).await
    }
}

/// Marks what is deleted, and creates by clearing the mark.
#[derive(Default)]
pub(crate) struct DeletesSoftly(Mutex<HashMap<SessionKey, Vec<(FieldKey, Value)>>>);

impl Sabotage for DeletesSoftly {
    async fn create(&self, at: At<'_>, record: Record) -> Result<Created> {
        let old = self.0.lock().unwrap().remove(at.key).unwrap_or_default();
        let fields = old.into_iter().chain(owned(&record.fields)).collect();
        at.create(Record { fields, ..record }).await
    }

    async fn delete(&self, at: At<'_>) -> Result<bool> {
        if let Some(record) = at.load().await?.live() {
            self.0.lock().unwrap().insert(*at.key, owned(&record.fields));
        }
        at.delete().await
    }
}

/// Writes to one row too many.
#[derive(Default)]
pub(crate) struct WritesToTheNeighbour(Mutex<Vec<SessionKey>>);

impl Sabotage for WritesToTheNeighbour {
    async fn create(&self, at: At<'_>, record: Record) -> Result<Created> {
        self.0.lock().unwrap().push(*at.key);
        at.create(record).await
    }

    async fn patch(&self, at: At<'_>, patch: &Patch) -> Result<Patched> {
        let neighbour = self.0.lock().unwrap().iter().rev().find(|other| *other != at.key).copied();
        if let Some(neighbour) = neighbour {
            At { key: &neighbour, ..at }.patch(&Patch { deadline: None, fence: None, ..patch.clone() }).await?;
        }
        at.patch(patch).await
    }
}

/// Upserts: brings back what was deleted.
#[derive(Default)]
pub(crate) struct Resurrects;

impl Sabotage for Resurrects {
    async fn patch(&self, at: At<'_>, patch: &Patch) -> Result<Patched> {
        let patched = at.patch(patch).await?;
        if patched != Patched::Gone || patch.set.is_empty() {
            return Ok(patched);
        }
        let deadline = at.now + Duration::hours(1);
        let record = Record { fields: patch.set.iter().cloned().collect(), deadline, unconfirmed: false, latest: None };
        at.create(record).await?;
        Ok(Patched::Applied { held: false, alone: false })
    }
}

/// Looks whether it lives, and then upserts.
#[derive(Default)]
pub(crate) struct ChecksThenSaves;

impl Sabotage for ChecksThenSaves {
    async fn patch(&self, at: At<'_>, patch: &Patch) -> Result<Patched> {
        if at.load().await?.live().is_none() {
            return Ok(Patched::Gone);
        }
        yield_now().await;
        Resurrects.patch(at, patch).await
    }
}

/// Saves the record as it was loaded, with what has changed.
#[derive(Default)]
pub(crate) struct SavesTheWholeRecord;

impl Sabotage for SavesTheWholeRecord {
    async fn patch(&self, at: At<'_>, patch: &Patch) -> Result<Patched> {
        let fields = at.load().await?.live().map(|record| owned(&record.fields)).unwrap_or_default();
        yield_now().await;
        at.patch(&Patch { set: fields.into_iter().chain(patch.set.clone()).collect(), ..patch.clone() }).await
    }
}

/// Takes a patch for a record.
#[derive(Default)]
pub(crate) struct ReplacesOnPatch;

impl Sabotage for ReplacesOnPatch {
    async fn patch(&self, at: At<'_>, patch: &Patch) -> Result<Patched> {
        let mut patch = patch.clone();
        if let (Some(record), false) = (at.load().await?.live(), patch.set.is_empty()) {
            let kept = |key: &str| patch.set.iter().any(|(set, _)| set == key);
            let lost = record.fields.iter().map(|(key, _)| key).filter(|key| !kept(key));
            let lost: Vec<_> = lost.map(|key| FieldKey::Owned(key.to_owned())).collect();
            patch.remove.extend(lost);
        }
        at.patch(&patch).await
    }
}

/// Writes key after key, now from the first to the last and now from the last to the first.
#[derive(Default)]
pub(crate) struct WritesKeyAfterKey(Mutex<bool>);

impl Sabotage for WritesKeyAfterKey {
    async fn patch(&self, at: At<'_>, patch: &Patch) -> Result<Patched> {
        // small ones only: this is slow
        if patch.fence.is_none() && patch.set.len() < 100 && !changes_nothing(at, patch).await? {
            let backwards = {
                let mut backwards = self.0.lock().unwrap();
                *backwards = !*backwards;
                *backwards
            };
            let mut set = patch.set.clone();
            if backwards {
                set.reverse();
            }
            for field in set {
                at.patch(&Patch { set: vec![field], ..Patch::new() }).await?;
                yield_now().await;
            }
            return at.patch(&Patch { set: Vec::new(), ..patch.clone() }).await;
        }
        at.patch(patch).await
    }
}

/// Whether there is no record, or the patch leaves it as it is.
async fn changes_nothing(at: At<'_>, patch: &Patch) -> Result<bool> {
    let Some(before) = at.load().await?.live() else {
        return Ok(true);
    };
    let mut after = before.fields.clone();
    after.apply(patch);
    Ok(after == before.fields)
}

/// Removes nothing.
#[derive(Default)]
pub(crate) struct KeepsTheRemoved;

impl Sabotage for KeepsTheRemoved {
    async fn patch(&self, at: At<'_>, patch: &Patch) -> Result<Patched> {
        at.patch(&Patch { remove: Vec::new(), ..patch.clone() }).await
    }
}

/// Counts the rows that it has written: without one, the record must be gone.
#[derive(Default)]
pub(crate) struct TakesEmptyForGone;

impl Sabotage for TakesEmptyForGone {
    async fn patch(&self, at: At<'_>, patch: &Patch) -> Result<Patched> {
        if patch.is_empty() && patch.fence.is_none() {
            return Ok(Patched::Gone);
        }
        at.patch(patch).await
    }
}

/// Remembers no transaction.
#[derive(Default)]
pub(crate) struct ForgetsTransactions;

impl Sabotage for ForgetsTransactions {
    async fn patch(&self, at: At<'_>, patch: &Patch) -> Result<Patched> {
        at.patch(&Patch { transaction: another(), ..patch.clone() }).await
    }
}

/// Remembers the last two transactions only.
#[derive(Default)]
pub(crate) struct RemembersTwo(Mutex<Vec<TransactionId>>);

impl Sabotage for RemembersTwo {
    async fn patch(&self, at: At<'_>, patch: &Patch) -> Result<Patched> {
        if self.0.lock().unwrap().contains(&patch.transaction) {
            return at.patch(patch).await;
        }
        let patched = at.patch(&Patch { transaction: another(), ..patch.clone() }).await?;
        if let Patched::Applied { .. } = patched {
            // so that it is known the next time
            let knows = Patch { transaction: patch.transaction, remove: vec!["\u{1}".into()], ..Patch::new() };
            at.patch(&knows).await?;
            let mut last = self.0.lock().unwrap();
            last.insert(0, patch.transaction);
            last.truncate(2);
        }
        Ok(patched)
    }
}

/// Moves the deadline in a statement of its own.
#[derive(Default)]
pub(crate) struct MovesTheDeadlineAgain;

impl Sabotage for MovesTheDeadlineAgain {
    async fn patch(&self, at: At<'_>, patch: &Patch) -> Result<Patched> {
        let patched = at.patch(patch).await?;
        if let (Patched::Applied { .. }, Some(Deadline::Set(_) | Deadline::Extend(_))) = (patched, patch.deadline) {
            let moves = Patch { deadline: patch.deadline, ..Patch::new() };
            at.patch(&moves).await?;
        }
        Ok(patched)
    }
}
