//! Who has the lease, and what it is.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    concurrency::all,
    probe::{Outcome, Probe, Session, Writer, applied, applied_and_held, failed, same, set},
};
use crate::{
    record::{Deadline, Patch, Record},
    store::{Acquired, Patched, Then},
};

pub(super) async fn nodes_share_records(probe: Probe) -> Outcome {
    if probe.is_shared() {
        return Ok(());
    }
    failed(
        "what the first store created, the second does not load: the closure must make stores that share their records",
    )
}

pub(super) async fn acquire_takes_and_loads(probe: Probe) -> Outcome {
    let session = probe.session(json!({ "count": 1 })).await?;
    applied(session.patch(&set(json!({ "count": 2, "name": "Ada" }))).await?, "a patch")?;
    let holder = Writer::new();
    let record = session.held_by(&holder, "an acquire of a free lease").await?;
    same(record, session.live("after an acquire").await?, "the record that came with the lease")?;
    session.has(json!({ "count": 2, "name": "Ada" }), "after an acquire").await?;
    session.ends_at(300, "after an acquire").await?;
    let patched = session.patch(&holder.patch(json!({ "count": 3 }), Then::Keep)).await?;
    applied_and_held(patched, true, "a patch under the lease that keeps it")?;
    session.has(json!({ "count": 3, "name": "Ada" }), "after a patch under the lease").await?;
    session.ends_at(300, "after a patch under the lease").await
}

pub(super) async fn acquire_of_the_dead_is_gone(probe: Probe) -> Outcome {
    let (nobody, deleted) = (probe.nobody(), probe.session(json!({ "count": 1 })).await?);
    deleted.delete().await?;
    let expired = probe.session_for(60, Value::Null).await?;
    expired.held_by(&Writer::new(), "an acquire before the deadline").await?;
    let expired = expired.at(61);
    let retired = probe.session(Value::Null).await?;
    applied(retired.retire(&super::probe::retirement(retired.time(100))).await?, "a retirement")?;
    let dead = [(nobody, "nothing"), (deleted, "the deleted"), (expired, "the expired"), (retired, "the retired")];
    for (session, what) in dead {
        let acquired = session.acquire(&Writer::new().claim()).await?;
        same(acquired, Acquired::Gone, &format!("an acquire of {what}"))?;
        same(session.exists().await?, false, &format!("whether {what} exists after an acquire"))?;
    }
    Ok(())
}

pub(super) async fn lease_is_exclusive(probe: Probe) -> Outcome {
    for _ in 0..5 {
        let session = probe.session(json!({ "count": 1 })).await?;
        let acquired = all((0..50).map(|number| {
            let session = if number % 2 == 0 { session.clone() } else { session.elsewhere() };
            let writer = Writer::new();
            async move { Ok((writer, session.acquire(&writer.claim()).await?)) }
        }));
        let acquired = acquired.await?;
        let held: Vec<_> = acquired.iter().filter(|(_, acquired)| matches!(acquired, Acquired::Held(_))).collect();
        let [(holder, _)] = held[..] else {
            return failed(format!("50 who acquire at once: expected 1 Held, found {}", held.len()));
        };
        for (_, acquired) in &acquired {
            match acquired {
                Acquired::Held(_) => {}
                Acquired::Refused(lease) if lease.token == holder.token && lease.renewal.is_some() => {}
                other => {
                    return failed(format!(
                        "49 of 50 who acquire at once: expected Refused by the holder's lease, found {other:?}"
                    ));
                }
            }
        }
    }
    Ok(())
}

pub(super) async fn acquire_again_changes_nothing(probe: Probe) -> Outcome {
    let session = probe.session(json!({ "count": 1 })).await?;
    let (holder, other) = (Writer::new(), Writer::new());
    session.held_by(&holder, "an acquire of a free lease").await?;
    applied(session.patch(&set(json!({ "count": 2 }))).await?, "a patch without fence")?;
    let record = session.elsewhere().held_by(&holder, "the holder's claim again").await?;
    same(record.fields.get("count"), Some(&json!(2)), "`count` in the record that the holder gets again")?;
    let lease = session.refused(&other, "another claim, after the holder's was repeated").await?;
    same(lease.token, holder.token, "the token of the lease")?;
    let patched = session.patch(&holder.patch(json!({ "count": 3 }), Then::Keep)).await?;
    applied_and_held(patched, true, "a patch under the lease that was claimed twice")
}

pub(super) async fn confirm_is_the_record_as_it_is(probe: Probe) -> Outcome {
    let session = probe.session(json!({ "count": 1 })).await?;
    let (holder, other) = (Writer::new(), Writer::new());
    session.held_by(&holder, "an acquire of a free lease").await?;
    for count in 2..4 {
        applied(session.patch(&holder.patch(json!({ "count": count }), Then::Keep)).await?, "a patch under the lease")?;
        // what its holder knows
        let known = session.live("after a patch under the lease").await?;
        confirmed(&session, &holder, &known, "after a patch of one's own").await?;
    }
    let known = session.live("before others write").await?;
    session.touch(Deadline::Set(session.time(250))).await?;
    confirmed(&session, &holder, &known, "after the deadline has moved").await?;
    applied(session.elsewhere().patch(&set(json!({ "name": "Ada" }))).await?, "a patch without fence")?;
    confirmed(&session, &holder, &known, "after another's patch").await?;
    let known = session.live("after another's patch").await?;
    applied(session.elsewhere().patch(&set(json!({ "name": "Bob" }))).await?, "a patch without fence")?;
    let own = holder.patch(json!({ "count": 4 }), Then::Keep);
    applied(session.patch(&own).await?, "a patch under the lease")?;
    let known = known_after(known, &own);
    confirmed(&session, &holder, &known, "after another's patch and one's own").await?;
    session.release(&holder).await?;
    session.held_by(&other, "an acquire of a lease that was given back").await?;
    match session.confirm(&holder.claim(), &known).await? {
        Acquired::Refused(lease) => same(lease.token, other.token, "the token of the lease")?,
        found => return failed(format!("confirming what another holds: expected Refused, found {found:?}")),
    }
    let known = session.live("before its end").await?;
    same(session.at(400).confirm(&other.claim(), &known).await?, Acquired::Gone, "confirming the expired")?;
    session.delete().await?;
    same(session.confirm(&other.claim(), &known).await?, Acquired::Gone, "confirming the deleted")
}

/// What a holder knows after a patch of its own.
fn known_after(known: Record, patch: &Patch) -> Record {
    let mut fields = known.fields;
    fields.apply(patch);
    Record { fields, latest: Some(patch.transaction), ..known }
}

async fn confirmed(session: &Session, holder: &Writer, known: &Record, what: &str) -> Outcome {
    let expected = session.live(what).await?;
    match session.confirm(&holder.claim(), known).await? {
        Acquired::Held(record) => same(record, expected, &format!("the record that is confirmed {what}")),
        found => failed(format!("confirming what one holds, {what}: expected Held, found {found:?}")),
    }
}

pub(super) async fn refusal_names_the_lease(probe: Probe) -> Outcome {
    let session = probe.session(Value::Null).await?;
    let (holder, other, third) = (Writer::new(), Writer::new(), Writer::new());
    session.held_by(&holder, "an acquire of a free lease").await?;
    let lease = session.refused(&other, "an acquire of another's lease").await?;
    same(lease.token, holder.token, "the token of the lease")?;
    same(lease.renewal.is_some(), true, "whether a lease that is held has a renewal")?;
    same(session.refused(&other, "the same claim again").await?, lease, "the lease, asked for again")?;
    session.touch(Deadline::Extend(session.time(310))).await?;
    session.load().await?;
    for count in 1..3 {
        applied(session.elsewhere().patch(&set(json!({ "count": count }))).await?, "a patch without fence")?;
        let seen = session.refused(&other, "the same claim after a patch without fence").await?;
        same(seen, lease, "the lease after another's patch, which is no sign of life of its holder")?;
    }
    let seen = session.elsewhere().refused(&third, "another claim").await?;
    same(seen, lease, "the lease that its holder has not renewed, as another node sees it")
}

pub(super) async fn keep_renews(probe: Probe) -> Outcome {
    let session = probe.session(json!({ "count": 1 })).await?;
    let holder = Writer::new();
    session.held_by(&holder, "an acquire of a free lease").await?;
    let mut seen = vec![session.lease("a lease that is held").await?];
    let patches = [
        (holder.renewal(), "an empty patch that keeps the lease"),
        (holder.renewal(), "an empty patch that keeps the lease"),
        (holder.patch(json!({ "count": 2 }), Then::Keep), "a patch that keeps the lease"),
        (holder.patch(Value::Null, Then::KeepUnlessWaiting), "an empty patch that keeps the lease, for nobody waits"),
    ];
    for (patch, what) in patches {
        applied_and_held(session.patch(&patch).await?, true, what)?;
        let lease = session.lease(&format!("the lease after {what}")).await?;
        same(lease.token, holder.token, &format!("the token of the lease after {what}"))?;
        if lease.renewal.is_none() || seen.contains(&lease) {
            return failed(format!(
                "after {what}: expected a renewal that was not seen before, found {:?}",
                lease.renewal
            ));
        }
        seen.push(lease);
    }
    session.has(json!({ "count": 2 }), "after renewals").await?;
    session.ends_at(300, "after renewals").await
}

pub(super) async fn keep_unless_waiting_gives_way(probe: Probe) -> Outcome {
    let session = probe.session(json!({ "count": 1 })).await?;
    let (holder, waiter) = (Writer::new(), Writer::new());
    session.held_by(&holder, "an acquire of a free lease").await?;
    let patch = holder.patch(json!({ "count": 2 }), Then::KeepUnlessWaiting);
    applied_and_held(session.patch(&patch).await?, true, "KeepUnlessWaiting while nobody waits")?;
    session.elsewhere().refused(&waiter, "a claim on a lease that is kept").await?;
    let patch = holder.patch(json!({ "count": 3 }), Then::Keep);
    applied_and_held(session.patch(&patch).await?, true, "Keep while somebody waits")?;
    session.elsewhere().refused(&waiter, "a claim on a lease that is kept").await?;
    let patch = holder.patch(json!({ "count": 4 }), Then::KeepUnlessWaiting);
    applied_and_held(session.patch(&patch).await?, false, "KeepUnlessWaiting while somebody waits")?;
    let record = session.elsewhere().held_by(&waiter, "the claim of who waited").await?;
    same(record.fields.get("count"), Some(&json!(4)), "`count` in the record of who waited")
}

pub(super) async fn release_gives_the_lease_back(probe: Probe) -> Outcome {
    let session = probe.session(json!({ "count": 1 })).await?;
    let (first, second, third) = (Writer::new(), Writer::new(), Writer::new());
    session.held_by(&first, "an acquire of a free lease").await?;
    let patched = session.patch(&first.patch(json!({ "count": 2 }), Then::Release)).await?;
    applied_and_held(patched, false, "a patch that releases")?;
    let record = session.elsewhere().held_by(&second, "an acquire of a lease that a patch gave back").await?;
    same(record.fields.get("count"), Some(&json!(2)), "`count` after a patch that releases")?;
    session.elsewhere().release(&second).await?;
    session.held_by(&third, "an acquire of a lease that was released").await?;
    for gone in [first, second] {
        let patched = session.patch(&gone.patch(json!({ "count": 0 }), Then::Keep)).await?;
        same(patched, Patched::Fenced, "a patch of who has released")?;
    }
    Ok(())
}

pub(super) async fn release_by_others_changes_nothing(probe: Probe) -> Outcome {
    let session = probe.session(Value::Null).await?;
    let (holder, stranger) = (Writer::new(), Writer::new());
    session.held_by(&holder, "an acquire of a free lease").await?;
    session.release(&stranger).await?;
    let lease = session.lease("a lease after a release by another").await?;
    same(lease.token, holder.token, "the token of the lease after a release by another")?;
    applied_and_held(session.patch(&holder.renewal()).await?, true, "a renewal after a release by another")?;
    let nobody = probe.nobody();
    nobody.release(&holder).await?;
    nobody.is_gone("after a release of nothing").await?;
    session.delete().await?;
    session.release(&holder).await?;
    session.is_gone("after a release of the deleted").await
}

pub(super) async fn lease_hinders_no_other(probe: Probe) -> Outcome {
    let session = probe.session(json!({ "count": 1 })).await?;
    let holder = Writer::new();
    session.held_by(&holder, "an acquire of a free lease").await?;
    let others = session.elsewhere();
    others.has(json!({ "count": 1 }), "a load while another holds the lease").await?;
    same(others.exists().await?, true, "whether it exists while another holds the lease")?;
    let touched = others.touch(Deadline::Extend(session.time(310))).await?;
    same(touched, true, "a touch while another holds the lease")?;
    let patched = others.patch(&set(json!({ "other": 1 }))).await?;
    applied_and_held(patched, false, "a patch without fence while another holds the lease")?;
    others.has(json!({ "count": 1, "other": 1 }), "after a patch without fence").await?;
    let patched = session.patch(&holder.patch(json!({ "count": 2 }), Then::Keep)).await?;
    applied_and_held(patched, true, "the holder's patch after that")?;
    session.has(json!({ "count": 2, "other": 1 }), "after patches of the holder and of another").await?;
    session.ends_at(310, "after a touch while another holds the lease").await?;
    same(others.delete().await?, true, "a delete while another holds the lease")?;
    session.is_gone("after a delete while another holds the lease").await
}

pub(super) async fn lease_dies_with_its_record(probe: Probe) -> Outcome {
    let session = probe.session(json!({ "count": 1 })).await?;
    let (holder, waiter, new) = (Writer::new(), Writer::new(), Writer::new());
    session.held_by(&holder, "an acquire of a free lease").await?;
    session.refused(&waiter, "an acquire of another's lease").await?;
    session.delete().await?;
    session.create_anew(json!({ "count": 5 }), "creating under the key of a deleted record").await?;
    let patched = session.patch(&holder.patch(json!({ "count": 2 }), Then::Keep)).await?;
    same(patched, Patched::Fenced, "a patch under the lease of the deleted record")?;
    session.has(json!({ "count": 5 }), "after a patch under the lease of the deleted record").await?;
    session.held_by(&new, "an acquire of the new record's lease").await?;
    session.release(&new).await?;
    // who waited for the old record's lease has no place in this one's line
    session.held_by(&Writer::new(), "an acquire after the new record's lease was released").await?;
    Ok(())
}

pub(super) async fn alone_is_true_only_while_alone(probe: Probe) -> Outcome {
    let alone = |patched| match patched {
        Patched::Applied { alone, .. } => Ok(alone),
        other => failed(format!("a patch under the lease: expected Applied, found {other:?}")),
    };
    let session = probe.session(json!({ "count": 1 })).await?;
    let holder = Writer::new();
    session.held_by(&holder, "an acquire of a free lease").await?;
    let first = alone(session.patch(&holder.patch(json!({ "count": 2 }), Then::Keep)).await?)?;
    applied(session.elsewhere().patch(&set(json!({ "other": 1 }))).await?, "a patch without fence")?;
    for what in ["the first patch", "the next one"] {
        let alone = alone(session.patch(&holder.patch(json!({ "count": 3 }), Then::Keep)).await?)?;
        same(alone, false, &format!("`alone`, in {what} after another's"))?;
    }
    let last = alone(session.patch(&holder.patch(json!({ "count": 4 }), Then::Release)).await?)?;
    same(last, false, "`alone`, in the patch that releases")?;
    if first { Ok(()) } else { Err(super::probe::Miss::Absent("`alone` is always false: each batch loads again")) }
}

pub(super) async fn increments_under_leases_are_exact(probe: Probe) -> Outcome {
    const WRITERS: usize = 6;
    const EACH: usize = 5;
    let session = probe.session(json!({ "count": 0 })).await?;
    let counted = all((0..WRITERS).map(|number| {
        let session = if number % 2 == 0 { session.clone() } else { session.elsewhere() };
        async move {
            for _ in 0..EACH {
                let writer = Writer::new();
                let record = loop {
                    match session.acquire(&writer.claim()).await? {
                        Acquired::Held(record) => break record,
                        Acquired::Refused(_) => tokio::time::sleep(Duration::from_millis(2)).await,
                        Acquired::Gone => return failed("an acquire among others: found Gone"),
                    }
                };
                let count = record.fields.get("count").and_then(Value::as_u64).unwrap_or(0) + 1;
                tokio::task::yield_now().await;
                let patched = session.patch(&writer.patch(json!({ "count": count }), Then::KeepUnlessWaiting)).await?;
                applied(patched, "a patch under the lease, among others")?;
                session.release(&writer).await?;
            }
            Ok(())
        }
    }));
    match tokio::time::timeout(Duration::from_secs(10), counted).await {
        Ok(counted) => counted?,
        Err(_) => return failed("6 writers who count 5 times each: they did not end within 10 s"),
    };
    session.has(json!({ "count": WRITERS * EACH }), "after 6 writers have counted 5 times each").await
}
