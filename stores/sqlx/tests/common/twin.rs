//! Random operations on a store and on the one in memory, which is the reference: both say the same.

use std::fmt::Debug;

use serde_json::json;
use socket_session::{
    MemoryStore, SessionKey,
    store::{Acquired, Claim, Deadline, Fence, Lease, NodeId, Patch, Retirement, Store, Then, Token, TransactionId},
};
use time::OffsetDateTime;

/// Random numbers, the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn one_of<T: Copy>(&mut self, these: &[T]) -> T {
        these[usize::try_from(self.below(these.len() as u64)).unwrap()]
    }

    /// Some of them are had again and again.
    fn token(&mut self) -> Token {
        Token(u128::from(self.below(4)) << 64)
    }

    fn transaction(&mut self) -> TransactionId {
        TransactionId(u128::from(self.below(30)))
    }

    fn time(&mut self, start: OffsetDateTime) -> OffsetDateTime {
        start + time::Duration::seconds(i64::try_from(100 + self.below(200)).unwrap())
    }

    fn deadline(&mut self, start: OffsetDateTime) -> Deadline {
        let to = self.time(start);
        if self.below(2) == 0 { Deadline::Set(to) } else { Deadline::Extend(to) }
    }

    fn patch(&mut self, start: OffsetDateTime) -> Patch {
        let keys = ["a", "b", "c\0", "d"];
        let mut patch = Patch { transaction: self.transaction(), ..Patch::new() };
        for _ in 0..self.below(3) {
            patch.set.push((self.one_of(&keys).into(), json!(self.below(100))));
        }
        for _ in 0..self.below(2) {
            patch.remove.push(self.one_of(&keys).into());
        }
        if self.below(4) == 0 {
            patch.deadline = Some(self.deadline(start));
        }
        if self.below(4) > 0 {
            let then = self.one_of(&[Then::Keep, Then::KeepUnlessWaiting, Then::KeepUnlessWaiting, Then::Release]);
            patch.fence = Some(Fence { token: self.token(), then });
        }
        patch
    }
}

#[track_caller]
fn same<T: PartialEq + Debug>(found: T, expected: &T, steps: &[String]) -> T {
    assert_eq!(&found, expected, "after {steps:#?}");
    found
}

/// Plays so many sessions of sixty steps each.
pub(crate) async fn play(store: &impl Store, sessions: u64) {
    let reference = MemoryStore::default();
    let start = OffsetDateTime::now_utc().replace_millisecond(0).unwrap();
    let start = start.replace_nanosecond(0).unwrap();
    for session in 0..sessions {
        let (mut dice, mut watched, mut steps) = (Dice(session), None::<Lease>, Vec::new());
        let key = super::key();
        for step in 0..60 {
            let now = start + time::Duration::seconds(step * 3);
            step_once(store, &reference, &key, now, start, &mut dice, &mut watched, &mut steps).await;
            let both = (store.load(&key, now).await.unwrap(), reference.load(&key, now).await.unwrap());
            same(both.0, &both.1, &steps);
            let keys = [key];
            let both = (store.exists(&keys, now).await.unwrap(), reference.exists(&keys, now).await.unwrap());
            same(both.0, &both.1, &steps);
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "it is the inside of a loop")]
async fn step_once(
    store: &impl Store,
    reference: &MemoryStore,
    key: &SessionKey,
    now: OffsetDateTime,
    start: OffsetDateTime,
    dice: &mut Dice,
    watched: &mut Option<Lease>,
    steps: &mut Vec<String>,
) {
    let what = if steps.is_empty() { 0 } else { dice.below(40) };
    match what {
        0 => {
            let record = socket_session::store::Record {
                deadline: dice.time(start),
                unconfirmed: dice.below(2) == 0,
                ..super::record(&[("a", json!(1)), ("c\0", json!(null))])
            };
            steps.push(format!("create {record:?}"));
            let found = store.create(key, record.clone(), now).await.unwrap();
            same(found, &reference.create(key, record, now).await.unwrap(), steps);
        }
        1..15 => {
            let over = if dice.below(4) == 0 { *watched } else { None };
            let claim = Claim { token: dice.token(), node: NodeId(dice.below(3).into()), over };
            steps.push(format!("{claim:?}"));
            let found = store.acquire(key, &claim, now).await.unwrap();
            let found = same(found, &reference.acquire(key, &claim, now).await.unwrap(), steps);
            if let Acquired::Refused(lease) = found {
                *watched = Some(lease);
            }
        }
        15..32 => {
            let patch = dice.patch(start);
            steps.push(format!("{patch:?} {:?} {:?} {:?}", patch.transaction, patch.fence, patch.set));
            let found = store.patch(key, &patch, now).await.unwrap();
            same(found, &reference.patch(key, &patch, now).await.unwrap(), steps);
        }
        32..36 => {
            let token = dice.token();
            steps.push(format!("release {token:?}"));
            store.release(key, token).await.unwrap();
            reference.release(key, token).await.unwrap();
        }
        36..38 => {
            let deadline = dice.deadline(start);
            steps.push(format!("touch {deadline:?}"));
            let found = store.touch(key, deadline, now).await.unwrap();
            same(found, &reference.touch(key, deadline, now).await.unwrap(), steps);
        }
        38 => {
            steps.push("delete".to_owned());
            let found = store.delete(key, now).await.unwrap();
            same(found, &reference.delete(key, now).await.unwrap(), steps);
        }
        _ => {
            let token = (dice.below(2) == 0).then(|| dice.token());
            // longer than anything lives here, or the one in memory forgets whose it is
            let until = start + time::Duration::seconds(1_000);
            let loaded = reference.load(key, now).await.unwrap().live();
            let latest = loaded.and_then(|record| record.latest);
            let seen = if dice.below(4) > 0 { latest } else { Some(dice.transaction()) };
            let retirement = Retirement { transaction: dice.transaction(), token, seen, until };
            steps.push(format!("{retirement:?}"));
            let found = store.retire(key, &retirement, now).await.unwrap();
            same(found, &reference.retire(key, &retirement, now).await.unwrap(), steps);
        }
    }
}
