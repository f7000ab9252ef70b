//! The end of a record: deleted, or retired because its session has got a new id.

use serde_json::json;

use super::probe::{Outcome, Probe, applied, moves, retirement, same, set};
use crate::{
    record::{Deadline, TransactionId},
    store::{Created, Loaded, Patched, Retirement},
};

pub(super) async fn delete_ends_at_once(probe: Probe) -> Outcome {
    let session = probe.session(json!({ "count": 1 })).await?;
    same(session.delete().await?, true, "a delete of what lives")?;
    session.is_gone("after a delete").await?;
    session.elsewhere().is_gone("after a delete, for another node").await?;
    same(session.exists().await?, false, "whether it exists after a delete")
}

pub(super) async fn delete_says_whether_it_lived(probe: Probe) -> Outcome {
    same(probe.nobody().delete().await?, false, "a delete of nothing")?;
    let session = probe.session(json!({ "count": 1 })).await?;
    same(session.delete().await?, true, "a delete of what lives")?;
    same(session.delete().await?, false, "a second delete")?;
    let expired = probe.session_for(60, json!({ "count": 1 })).await?;
    same(expired.at(61).delete().await?, false, "a delete of what has expired")
}

pub(super) async fn retire_leaves_a_mark_until(probe: Probe) -> Outcome {
    // the mark may outlive the deadline, and may not
    for seconds in [60, 300] {
        let session = probe.session_for(seconds, json!({ "count": 1 })).await?;
        applied(session.retire(&retirement(session.time(100))).await?, "a retirement")?;
        same(session.load().await?, Loaded::Rotated, "a load at once after")?;
        same(session.elsewhere().load().await?, Loaded::Rotated, "a load at once after, by another node")?;
        same(session.at(99).load().await?, Loaded::Rotated, "a load a second before the mark's end")?;
        session.at(100).is_gone("at the mark's end").await?;
        session.at(101).is_gone("a second after the mark's end").await?;
    }
    Ok(())
}

pub(super) async fn nothing_but_load_sees_the_mark(probe: Probe) -> Outcome {
    let session = probe.session(json!({ "count": 1 })).await?;
    applied(session.retire(&retirement(session.time(100))).await?, "a retirement")?;
    same(session.exists().await?, false, "whether it exists, retired")?;
    same(session.patch(&set(json!({ "count": 2 }))).await?, Patched::Gone, "a patch of the retired")?;
    same(session.touch(Deadline::Extend(session.time(200))).await?, false, "a touch of the retired")?;
    same(
        session.create(session.record(300, json!({}))).await?,
        Created::Taken,
        "creating under the key of the retired",
    )?;
    same(session.load().await?, Loaded::Rotated, "a load after all that")?;
    same(session.delete().await?, false, "a delete of the retired")?;
    same(session.load().await?, Loaded::Rotated, "a load after that delete")?;
    session.at(101).is_gone("after the mark's end").await
}

pub(super) async fn retire_again_is_applied(probe: Probe) -> Outcome {
    let session = probe.session(json!({ "count": 1 })).await?;
    let first = retirement(session.time(100));
    applied(session.retire(&first).await?, "a retirement")?;
    applied(session.elsewhere().retire(&first).await?, "the same retirement again")?;
    let another = Retirement { until: session.time(200), ..retirement(session.time(200)) };
    same(session.retire(&another).await?, Patched::Gone, "another retirement")?;
    same(session.load().await?, Loaded::Rotated, "a load after that")?;
    session.at(101).is_gone("after the first mark's end").await
}

pub(super) async fn retire_of_the_changed_is_refused(probe: Probe) -> Outcome {
    let session = probe.session(json!({ "count": 1 })).await?;
    let early = retirement(session.time(100));
    let by = |seen: Option<TransactionId>| Retirement { seen, ..retirement(session.time(100)) };
    for count in 2..=12 {
        let seen = session.live("before a patch").await?.latest;
        applied(session.elsewhere().patch(&set(json!({ "count": count }))).await?, "a patch")?;
        let what = "a retirement of a record that was patched after it was seen";
        same(session.retire(&by(seen)).await?, Patched::Changed, what)?;
        same(session.retire(&early).await?, Patched::Changed, "a retirement of a record seen before any patch")?;
        session.has(json!({ "count": count }), "after retirements that were refused").await?;
    }
    let seen = session.live("before a moved deadline").await?.latest;
    applied(session.patch(&moves(Deadline::Set(session.time(200)))).await?, "a patch of the deadline")?;
    same(session.retire(&by(seen)).await?, Patched::Changed, "a retirement after a patch of the deadline")?;
    let seen = session.live("before an empty patch").await?.latest;
    applied(session.patch(&set(json!({}))).await?, "an empty patch")?;
    applied(session.retire(&by(seen)).await?, "a retirement after an empty patch, which changes nothing")
}

pub(super) async fn retire_of_the_dead_is_gone(probe: Probe) -> Outcome {
    let (nobody, deleted) = (probe.nobody(), probe.session(json!({ "count": 1 })).await?);
    deleted.delete().await?;
    let expired = probe.session_for(60, json!({ "count": 1 })).await?.at(61);
    for (session, what) in [(nobody, "nothing"), (deleted, "a deleted session"), (expired, "an expired session")] {
        let retired = session.retire(&retirement(session.time(100))).await?;
        same(retired, Patched::Gone, &format!("a retirement of {what}"))?;
        session.is_gone(&format!("after a retirement of {what}")).await?;
    }
    Ok(())
}
