//! When a session ends: judged by the `now` of whoever asks.

use serde_json::{Value, json};

use super::probe::{Outcome, Probe, applied, moves, retirement, same, set};
use crate::{
    record::{Deadline, Record},
    store::{Created, Loaded, Patched, Retirement},
};

const HOUR: i64 = 3_600;

pub(super) async fn expired_is_never_loaded(probe: Probe) -> Outcome {
    let session = probe.session_for(60, json!({ "count": 1 })).await?;
    session.at(59).live("a second before the deadline").await?;
    same(session.at(59).exists().await?, true, "whether it exists a second before the deadline")?;
    session.at(60).is_gone("at the deadline").await?;
    session.at(61).is_gone("a second after the deadline").await?;
    same(session.at(61).exists().await?, false, "whether it exists a second after the deadline")?;
    let late = probe.nobody();
    late.create(late.record(-1, Value::Null)).await?;
    late.is_gone("what was past its deadline when it was created").await
}

pub(super) async fn expired_is_never_written(probe: Probe) -> Outcome {
    let session = probe.session_for(60, json!({ "count": 1 })).await?;
    let late = session.at(61);
    let patch = set(json!({ "count": 2 }));
    same(late.patch(&patch).await?, Patched::Gone, "a patch after the deadline")?;
    same(late.patch(&set(Value::Null)).await?, Patched::Gone, "an empty patch after the deadline")?;
    let longer = moves(Deadline::Set(session.time(120)));
    same(late.patch(&longer).await?, Patched::Gone, "a patch that moves the deadline, after it")?;
    same(late.touch(Deadline::Extend(session.time(120))).await?, false, "a touch after the deadline")?;
    late.is_gone("after a patch and a touch past its deadline").await
}

pub(super) async fn asking_late_changes_nothing(probe: Probe) -> Outcome {
    let session = probe.session_for(60, json!({ "count": 1 })).await?;
    let late = session.at(2 * HOUR);
    late.is_gone("by a clock that is fast").await?;
    late.exists().await?;
    late.patch(&set(json!({ "count": 2 }))).await?;
    late.touch(Deadline::Extend(session.time(3 * HOUR))).await?;
    late.retire(&retirement(session.time(3 * HOUR))).await?;
    session.has(json!({ "count": 1 }), "by the right clock, after somebody has asked by a fast one").await?;
    session.ends_at(60, "by the right clock, after somebody has asked by a fast one").await
}

pub(super) async fn deadline_is_judged_by_the_clock_that_asks(probe: Probe) -> Outcome {
    for off in [-HOUR, HOUR] {
        let probe = probe.fresh().off_by(off);
        let clock = format!("by a clock that is {off} s off");
        let session = probe.session_for(240, json!({ "count": 1 })).await?;
        session.at(239).live(&format!("{clock}, a second before the deadline")).await?;
        let patched = session.at(239).patch(&set(json!({ "count": 2 }))).await?;
        applied(patched, &format!("{clock}, a patch a second before the deadline"))?;
        session.at(241).is_gone(&format!("{clock}, a second after the deadline")).await?;
        let touched = session.at(239).touch(Deadline::Extend(session.time(260))).await?;
        same(touched, true, &format!("{clock}, a touch a second before the deadline"))?;
        session.at(259).has(json!({ "count": 2 }), &format!("{clock}, after a touch")).await?;
        session.at(261).is_gone(&format!("{clock}, a second after the deadline of the touch")).await?;
        same(session.at(259).exists().await?, true, &format!("{clock}, whether it exists"))?;
        let seen = session.at(259).live(&format!("{clock}, before a retirement")).await?.latest;
        let end = Retirement { seen, ..retirement(session.time(280)) };
        applied(session.at(259).retire(&end).await?, &format!("{clock}, a retirement"))?;
        same(session.at(279).load().await?, Loaded::Rotated, &format!("{clock}, before the mark's end"))?;
        session.at(281).is_gone(&format!("{clock}, after the mark's end")).await?;
    }
    Ok(())
}

pub(super) async fn deadline_may_be_far_away(probe: Probe) -> Outcome {
    const CENTURY: i64 = 100 * 365 * 24 * HOUR;
    let session = probe.session_for(CENTURY, Value::Null).await?;
    session.ends_at(CENTURY, "created for a century").await?;
    let session = probe.session(Value::Null).await?;
    session.touch(Deadline::Extend(session.time(CENTURY))).await?;
    session.at(CENTURY - 1).ends_at(CENTURY, "extended by a century").await
}

pub(super) async fn extend_never_moves_back(probe: Probe) -> Outcome {
    let session = probe.session_for(60, Value::Null).await?;
    applied(session.patch(&moves(Deadline::Extend(session.time(90)))).await?, "a patch that extends")?;
    session.ends_at(90, "after a patch that extends").await?;
    applied(session.patch(&moves(Deadline::Extend(session.time(70)))).await?, "a patch that extends to less")?;
    session.ends_at(90, "after a patch that extends to less").await?;
    session.touch(Deadline::Extend(session.time(120))).await?;
    session.ends_at(120, "after a touch that extends").await?;
    session.touch(Deadline::Extend(session.time(80))).await?;
    session.ends_at(120, "after a touch that extends to less").await
}

pub(super) async fn set_moves_the_deadline_anywhere(probe: Probe) -> Outcome {
    let session = probe.session_for(100, Value::Null).await?;
    for (seconds, way) in [(50, "back"), (150, "forward")] {
        let patched = session.patch(&moves(Deadline::Set(session.time(seconds)))).await?;
        applied(patched, &format!("a patch that sets the deadline {way}"))?;
        session.ends_at(seconds, &format!("after a patch that sets it {way}")).await?;
    }
    for (seconds, way) in [(40, "back"), (160, "forward")] {
        session.touch(Deadline::Set(session.time(seconds))).await?;
        session.ends_at(seconds, &format!("after a touch that sets it {way}")).await?;
        session.at(seconds + 1).is_gone(&format!("a second after a deadline that was set {way}")).await?;
    }
    applied(session.patch(&set(json!({ "count": 1 }))).await?, "a patch that moves no deadline")?;
    session.ends_at(160, "after a patch that moves no deadline").await
}

pub(super) async fn touch_moves_only_the_deadline(probe: Probe) -> Outcome {
    let session = probe.session_for(60, json!({ "count": 1, "name": "Ada" })).await?;
    same(session.touch(Deadline::Extend(session.time(90))).await?, true, "a touch of what lives")?;
    session.has(json!({ "count": 1, "name": "Ada" }), "after a touch").await?;
    session.ends_at(90, "after a touch").await
}

pub(super) async fn touch_confirms_and_nothing_else_does(probe: Probe) -> Outcome {
    let session = probe.nobody();
    let record = Record { unconfirmed: true, ..session.record(60, Value::Null) };
    same(session.create(record).await?, Created::Done, "creating under a new key")?;
    let patch =
        crate::record::Patch { deadline: Some(Deadline::Extend(session.time(70))), ..set(json!({ "count": 1 })) };
    applied(session.patch(&patch).await?, "a patch")?;
    same(session.live("after a patch").await?.unconfirmed, true, "`unconfirmed` after a patch")?;
    same(session.touch(Deadline::Extend(session.time(50))).await?, true, "a touch of what lives")?;
    same(session.live("after a touch").await?.unconfirmed, false, "`unconfirmed` after a touch")
}

pub(super) async fn touch_never_creates(probe: Probe) -> Outcome {
    let (nobody, deleted) = (probe.nobody(), probe.session(json!({ "count": 1 })).await?);
    deleted.delete().await?;
    let expired = probe.session_for(60, Value::Null).await?.at(61);
    for (session, what) in [(nobody, "nothing"), (deleted, "a deleted session"), (expired, "an expired session")] {
        for deadline in [Deadline::Extend(session.time(200)), Deadline::Set(session.time(200))] {
            same(session.touch(deadline).await?, false, &format!("a touch of {what}"))?;
            session.is_gone(&format!("after a touch of {what}")).await?;
        }
    }
    Ok(())
}
