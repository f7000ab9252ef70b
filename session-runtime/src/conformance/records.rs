//! Creating, loading, and asking for many.

use serde_json::{Value, json};

use super::probe::{Outcome, Probe, applied, same, set};
use crate::{
    record::{Deadline, Record, SessionKey},
    store::Created,
};

pub(super) async fn create_stores_the_record(probe: Probe) -> Outcome {
    probe.nobody().is_gone("a key under which nothing was ever stored").await?;
    for unconfirmed in [false, true] {
        let session = probe.nobody();
        let fields = json!({ "count": 1, "user": { "name": "Ada" } });
        let record = Record { unconfirmed, ..session.record(60, fields) };
        same(session.create(record.clone()).await?, Created::Done, "creating under a new key")?;
        let found = session.live("what was created").await?;
        session.has(json!({ "count": 1, "user": { "name": "Ada" } }), "the fields that were created").await?;
        session.ends_at(60, "what was created").await?;
        same(found.unconfirmed, unconfirmed, "`unconfirmed`, as created")?;
    }
    let empty = probe.session(Value::Null).await?;
    empty.has(json!({}), "a session that was created without fields").await
}

pub(super) async fn create_never_replaces(probe: Probe) -> Outcome {
    let session = probe.session(json!({ "count": 1 })).await?;
    let other = Record { unconfirmed: true, ..session.record(60, json!({ "count": 2, "new": true })) };
    same(session.create(other).await?, Created::Taken, "creating under a key that is taken")?;
    session.has(json!({ "count": 1 }), "the record whose key was taken").await?;
    session.ends_at(300, "the record whose key was taken").await?;
    same(session.live("the record whose key was taken").await?.unconfirmed, false, "its `unconfirmed`")
}

pub(super) async fn create_after_delete_starts_afresh(probe: Probe) -> Outcome {
    let session = probe.session(json!({ "old": 1, "both": 1 })).await?;
    applied(session.patch(&set(json!({ "later": 1 }))).await?, "a patch")?;
    session.delete().await?;
    session.create_anew(json!({ "both": 2 }), "creating under the key of a deleted record").await?;
    session.has(json!({ "both": 2 }), "a record under the key of a deleted one").await
}

pub(super) async fn sessions_are_kept_apart(probe: Probe) -> Outcome {
    let bystander = probe.session(json!({ "count": 1 })).await?;
    let session = probe.session(json!({ "count": 1 })).await?;
    applied(session.patch(&set(json!({ "count": 2, "new": true }))).await?, "a patch")?;
    session.touch(Deadline::Set(session.time(60))).await?;
    bystander.has(json!({ "count": 1 }), "a session after another was patched").await?;
    bystander.ends_at(300, "a session after another was touched").await?;
    session.delete().await?;
    bystander.has(json!({ "count": 1 }), "a session after another was deleted").await
}

pub(super) async fn exists_answers_in_order(probe: Probe) -> Outcome {
    let mut sessions = Vec::new();
    for number in 0..30 {
        sessions.push(probe.session_for(if number % 5 == 0 { 60 } else { 300 }, Value::Null).await?);
    }
    let (mut keys, mut expected) = (Vec::new(), Vec::new());
    for (number, session) in sessions.iter().enumerate() {
        if number % 3 == 0 {
            session.delete().await?;
        }
        // each among others that are not there, and some twice
        keys.extend([session.key, probe.nobody().key]);
        expected.extend([number % 3 != 0 && number % 5 != 0, false]);
        if number % 4 == 0 {
            keys.push(session.key);
            expected.push(number % 3 != 0 && number % 5 != 0);
        }
    }
    keys.extend((0..500).map(|_| probe.nobody().key));
    expected.resize(keys.len(), false);

    let none: [SessionKey; 0] = [];
    let asks = probe.nobody().at(61);
    same(asks.exist(&none).await?, Vec::new(), "which of no keys exist")?;
    let found = asks.exist(&keys).await?;
    same(found.len(), expected.len(), "the number of answers")?;
    let first_wrong = found.iter().zip(&expected).position(|(found, expected)| found != expected);
    same(
        first_wrong,
        None,
        "the first wrong answer of `exists`: keys of the living, the deleted, the expired, nobody's",
    )
}
