//! Taking over the lease of one who seems to be dead: by compare-and-swap of what was watched.

use serde_json::{Value, json};

use super::{
    concurrency::all,
    probe::{Outcome, Probe, Writer, applied_and_held, failed, same},
};
use crate::store::{Acquired, Lease, Patched, Then, Token};

pub(super) async fn watched_lease_is_taken_over(probe: Probe) -> Outcome {
    let session = probe.session(json!({ "count": 1 })).await?;
    let (dead, next) = (Writer::new(), Writer::new());
    session.held_by(&dead, "an acquire of a free lease").await?;
    applied_and_held(session.patch(&dead.renewal()).await?, true, "a renewal")?;
    let others = session.elsewhere();
    let watched = others.refused(&next, "an acquire of another's lease").await?;
    let Acquired::Held(record) = others.acquire(&next.over(watched)).await? else {
        return failed("a claim over a lease that has not changed: expected Held");
    };
    same(record.fields.get("count"), Some(&json!(1)), "`count` in the record that came with it")?;
    let patched = others.patch(&next.patch(json!({ "count": 2 }), Then::Keep)).await?;
    applied_and_held(patched, true, "a patch under the lease that was taken over")
}

pub(super) async fn changed_lease_is_not_taken_over(probe: Probe) -> Outcome {
    let session = probe.session(Value::Null).await?;
    let (holder, other, third) = (Writer::new(), Writer::new(), Writer::new());
    session.held_by(&holder, "an acquire of a free lease").await?;
    let watched = session.lease("a lease that is held").await?;
    applied_and_held(session.patch(&holder.renewal()).await?, true, "a renewal")?;
    let lease = session.refused_claim(&other.over(watched), "a claim over a lease that was renewed").await?;
    same(lease.token, holder.token, "the token of the lease that was renewed")?;
    let pretended = Lease { token: Token(holder.token.0 ^ 1), ..lease };
    session.refused_claim(&other.over(pretended), "a claim over another token's lease").await?;
    let pretended = Lease { renewal: None, ..lease };
    session.refused_claim(&other.over(pretended), "a claim over an offer, of a lease that is held").await?;
    applied_and_held(session.patch(&holder.renewal()).await?, true, "the holder's renewal after all that")?;
    // given back, and had by another who has renewed as often
    session.release(&other).await?;
    session.release(&holder).await?;
    session.held_by(&third, "an acquire of a lease that was released").await?;
    let lease =
        session.refused_claim(&other.over(watched), "a claim over a lease that its holder has released").await?;
    same(lease.token, third.token, "the token of the lease")
}

pub(super) async fn offer_is_taken_over_only_as_offer(probe: Probe) -> Outcome {
    let session = probe.session(Value::Null).await?;
    let (holder, first, other) = (Writer::new(), Writer::new(), Writer::new());
    session.held_by(&holder, "an acquire of a free lease").await?;
    session.refused(&first, "an acquire of another's lease").await?;
    session.release(&holder).await?;
    let offered = session.refused(&other, "a claim on a lease that is offered to another").await?;
    same(offered, Lease { token: first.token, renewal: None }, "the lease that is offered")?;
    session.held_by(&first, "the claim to which the lease is offered").await?;
    session.refused_claim(&other.over(offered), "a claim over an offer that was taken up").await?;
    session.release(&first).await?;

    // now the first in line is dead
    let last = Writer::new();
    let offered = session.refused(&last, "a claim on a lease that is offered to another").await?;
    same(offered, Lease { token: other.token, renewal: None }, "the lease that is offered")?;
    let acquired = session.acquire(&last.over(offered)).await?;
    same(matches!(acquired, Acquired::Held(_)), true, "whether an offer that was not taken up is taken over")?;
    let lease = session.refused(&other, "the claim that had the offer").await?;
    same(lease.token, last.token, "the token of the lease that was taken over")
}

pub(super) async fn takeover_is_exclusive(probe: Probe) -> Outcome {
    for _ in 0..5 {
        let session = probe.session(Value::Null).await?;
        session.held_by(&Writer::new(), "an acquire of a free lease").await?;
        let watched = session.lease("a lease that is held").await?;
        let acquired = all((0..20).map(|number| {
            let session = if number % 2 == 0 { session.clone() } else { session.elsewhere() };
            async move { session.acquire(&Writer::new().over(watched)).await }
        }));
        let held = acquired.await?.into_iter().filter(|acquired| matches!(acquired, Acquired::Held(_))).count();
        same(held, 1, "how many of 20 take over the same lease at once")?;
    }
    Ok(())
}

pub(super) async fn takeover_keeps_the_line(probe: Probe) -> Outcome {
    let session = probe.session(Value::Null).await?;
    let (dead, first, next) = (Writer::new(), Writer::new(), Writer::new());
    session.held_by(&dead, "an acquire of a free lease").await?;
    session.refused(&first, "an acquire of another's lease").await?;
    let watched = session.refused(&next, "an acquire of another's lease").await?;
    let acquired = session.acquire(&next.over(watched)).await?;
    same(matches!(acquired, Acquired::Held(_)), true, "whether a claim over an unchanged lease is Held")?;
    let patched = session.patch(&next.patch(Value::Null, Then::KeepUnlessWaiting)).await?;
    applied_and_held(patched, false, "KeepUnlessWaiting, while one waits who was in line before")?;
    session.offered_to(&first, &Writer::new(), "the offer, when who took over releases").await?;
    session.held_by(&first, "the claim of who was in line before").await?;
    session.release(&first).await?;
    let lease = session.refused(&Writer::new(), "a claim, when the newcomer is next").await?;
    same(lease.token == next.token, false, "whether who took over has kept a place in line")
}

pub(super) async fn lost_lease_is_fenced(probe: Probe) -> Outcome {
    let session = probe.session(json!({ "count": 1 })).await?;
    let (slow, next) = (Writer::new(), Writer::new());
    session.held_by(&slow, "an acquire of a free lease").await?;
    let watched = session.refused(&next, "an acquire of another's lease").await?;
    let acquired = session.acquire(&next.over(watched)).await?;
    same(matches!(acquired, Acquired::Held(_)), true, "whether a claim over an unchanged lease is Held")?;
    for then in [Then::Keep, Then::KeepUnlessWaiting, Then::Release] {
        let patched = session.patch(&slow.patch(json!({ "count": 0 }), then)).await?;
        same(patched, Patched::Fenced, &format!("a patch with {then:?} of who has lost the lease"))?;
        let patched = session.patch(&slow.patch(Value::Null, then)).await?;
        same(patched, Patched::Fenced, &format!("an empty patch with {then:?} of who has lost the lease"))?;
    }
    session.release(&slow).await?;
    session.has(json!({ "count": 1 }), "after patches of who has lost the lease").await?;
    let patched = session.patch(&next.patch(json!({ "count": 2 }), Then::Keep)).await?;
    applied_and_held(patched, true, "a patch of who has taken over, after all that")
}
