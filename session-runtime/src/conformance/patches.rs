//! What a patch writes, and that it writes it once.

use serde_json::{Value, json};

use super::probe::{Outcome, Probe, applied, moves, remove, same, set};
use crate::{
    record::{Deadline, Patch, Record},
    store::{Created, Patched},
};

pub(super) async fn patch_never_creates(probe: Probe) -> Outcome {
    let session = probe.nobody();
    let longer = Patch { deadline: Some(Deadline::Set(session.time(100))), ..set(json!({ "count": 1 })) };
    for (patch, what) in
        [(set(json!({ "count": 1 })), "a patch"), (Patch::new(), "an empty patch"), (longer, "a patch")]
    {
        same(session.patch(&patch).await?, Patched::Gone, &format!("{what} under a key that was never created"))?;
        session.is_gone(&format!("after {what} under a key that was never created")).await?;
        same(session.exists().await?, false, "whether it exists then")?;
    }
    session.create_anew(json!({ "new": true }), "creating under that key").await?;
    session.has(json!({ "new": true }), "after creating under that key").await
}

pub(super) async fn patch_after_delete_is_gone(probe: Probe) -> Outcome {
    let session = probe.session(json!({ "count": 1 })).await?;
    applied(session.patch(&set(json!({ "count": 2 }))).await?, "a patch")?;
    session.delete().await?;
    same(session.patch(&set(json!({ "count": 3 }))).await?, Patched::Gone, "a patch after a delete")?;
    same(session.patch(&remove(&["count"])).await?, Patched::Gone, "a removal after a delete")?;
    let longer = moves(Deadline::Set(session.time(100)));
    same(session.patch(&longer).await?, Patched::Gone, "a moved deadline after a delete")?;
    session.is_gone("after a delete and some patches").await
}

pub(super) async fn only_changed_keys_are_written(probe: Probe) -> Outcome {
    let session = probe.session(json!({ "a": 1, "b": 1, "unknown": [1, 2] })).await?;
    // two writers that have loaded the same record
    applied(session.patch(&set(json!({ "a": 2 }))).await?, "one writer's patch")?;
    applied(session.elsewhere().patch(&set(json!({ "b": 2, "new": 2 }))).await?, "another writer's patch")?;
    session.has(json!({ "a": 2, "b": 2, "new": 2, "unknown": [1, 2] }), "after two writers of different keys").await
}

pub(super) async fn removed_is_removed(probe: Probe) -> Outcome {
    let session = probe.session(json!({ "a": 1, "b": null, "c": 1 })).await?;
    applied(session.patch(&remove(&["a", "b", "never"])).await?, "a patch that removes")?;
    session.has(json!({ "c": 1 }), "after two keys were removed").await?;
    let both = Patch { set: set(json!({ "a": 2 })).set, ..remove(&["c"]) };
    applied(session.patch(&both).await?, "a patch that sets one key and removes another")?;
    session.has(json!({ "a": 2 }), "after one key was set and another removed").await?;
    applied(session.patch(&remove(&["a"])).await?, "a patch that removes the last key")?;
    session.has(json!({}), "after the last key was removed: the session lives").await
}

pub(super) async fn latest_transaction_is_known(probe: Probe) -> Outcome {
    let session = probe.nobody();
    let given = Record { latest: Some(Patch::new().transaction), ..session.record(300, json!({ "count": 1 })) };
    same(session.create(given).await?, Created::Done, "creating under a new key")?;
    let latest = async |what: &str| Ok(session.elsewhere().live(what).await?.latest);
    same(latest("after creating").await?, None, "the latest transaction of what was created")?;
    let first = set(json!({ "count": 2 }));
    for patch in [&first, &remove(&["count"]), &moves(Deadline::Set(session.time(100)))] {
        applied(session.patch(patch).await?, "a patch")?;
        same(latest("after a patch").await?, Some(patch.transaction), "the latest transaction after a patch")?;
    }
    let before = latest("after three patches").await?;
    applied(session.patch(&first).await?, "the first patch again")?;
    applied(session.patch(&set(json!({}))).await?, "an empty patch")?;
    session.touch(Deadline::Set(session.time(200))).await?;
    same(latest("after a touch").await?, before, "the latest transaction after what is none")
}

pub(super) async fn empty_patch_changes_nothing(probe: Probe) -> Outcome {
    let session = probe.session(json!({ "count": 1 })).await?;
    applied(session.patch(&set(Value::Null)).await?, "an empty patch")?;
    session.has(json!({ "count": 1 }), "after an empty patch").await?;
    session.ends_at(300, "after an empty patch").await
}

pub(super) async fn patch_is_applied_once(probe: Probe) -> Outcome {
    let session = probe.session(json!({ "count": 0, "old": 1 })).await?;
    let first = Patch { remove: vec!["old".into()], ..set(json!({ "count": 1 })) };
    applied(session.patch(&first).await?, "a patch")?;
    applied(session.patch(&first).await?, "the same patch at once again")?;
    session.has(json!({ "count": 1 }), "after the same patch twice").await?;
    applied(session.patch(&set(json!({ "count": 2, "old": 2 }))).await?, "another patch")?;
    applied(session.elsewhere().patch(&first).await?, "the first patch again, after another")?;
    session.has(json!({ "count": 2, "old": 2 }), "after a patch, another one, and the first again").await
}

pub(super) async fn last_8_transactions_are_remembered(probe: Probe) -> Outcome {
    let session = probe.session(Value::Null).await?;
    let patches: Vec<_> = (1..=8).map(|count| set(json!({ "count": count }))).collect();
    for patch in &patches {
        applied(session.patch(patch).await?, "a patch")?;
    }
    for (patch, number) in patches.iter().zip(1..) {
        applied(session.patch(patch).await?, "a patch again")?;
        session.has(json!({ "count": 8 }), &format!("after 8 patches, and number {number} of them again")).await?;
    }
    Ok(())
}

pub(super) async fn repeated_patch_moves_no_deadline(probe: Probe) -> Outcome {
    for fields in [json!({ "count": 1 }), Value::Null] {
        let session = probe.session_for(60, Value::Null).await?;
        let first = Patch { deadline: Some(Deadline::Set(session.time(100))), ..set(fields) };
        applied(session.patch(&first).await?, "a patch that sets the deadline")?;
        applied(session.patch(&moves(Deadline::Set(session.time(120)))).await?, "another")?;
        applied(session.patch(&first).await?, "the first one again")?;
        session.ends_at(120, "after a patch, another one, and the first again").await?;
    }
    Ok(())
}
