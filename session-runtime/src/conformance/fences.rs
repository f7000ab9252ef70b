//! The fence: what is written under a lease that is not the writer's is not written.

use serde_json::{Value, json};

use super::probe::{Outcome, Probe, Writer, applied, applied_and_held, retirement, same, set};
use crate::{
    record::{Deadline, Patch},
    store::{Acquired, Loaded, Patched, Retirement, Then, Token},
};

pub(super) async fn fence_is_equality(probe: Probe) -> Outcome {
    let session = probe.session(json!({ "count": 1 })).await?;
    let holder = Writer::new();
    let patched = session.patch(&holder.patch(json!({ "count": 2 }), Then::Keep)).await?;
    same(patched, Patched::Fenced, "a fenced patch while nobody holds the lease")?;
    session.held_by(&holder, "an acquire of a free lease").await?;
    let token = holder.token.0;
    // the last are what remains of a token that is kept in 64 bits, or in a float
    let others = [token - 1, token + 1, 0, 1, u128::MAX, token ^ (1 << 127), token ^ (1 << 64), token ^ (1 << 63)];
    for other in others.map(|token| Writer { token: Token(token), ..holder }) {
        let patched = session.patch(&other.patch(json!({ "count": 2 }), Then::Keep)).await?;
        let what = if other.token.0 < token { "a lower" } else { "a higher" };
        same(patched, Patched::Fenced, &format!("a patch under {what} token than the holder's"))?;
    }
    session.has(json!({ "count": 1 }), "after patches under other tokens").await?;
    let patched = session.patch(&holder.patch(json!({ "count": 3 }), Then::Keep)).await?;
    applied_and_held(patched, true, "the holder's patch")
}

pub(super) async fn fenced_patch_leaves_nothing(probe: Probe) -> Outcome {
    let session = probe.session(json!({ "count": 1, "old": 1 })).await?;
    let (other, holder) = (Writer::new(), Writer::new());
    session.held_by(&holder, "an acquire of a free lease").await?;
    let patch = Patch {
        remove: vec!["old".into()],
        deadline: Some(Deadline::Set(session.time(400))),
        ..other.patch(json!({ "count": 2, "new": 1 }), Then::Keep)
    };
    same(session.patch(&patch).await?, Patched::Fenced, "a patch under another token")?;
    session.has(json!({ "count": 1, "old": 1 }), "after a fenced patch").await?;
    session.ends_at(300, "after a fenced patch").await?;
    same(session.lease("a lease after a fenced patch").await?.token, holder.token, "the token of the lease")?;
    same(session.patch(&patch).await?, Patched::Fenced, "the fenced patch again")?;

    session.release(&holder).await?;
    session.held_by(&other, "an acquire of a lease that was released").await?;
    applied_and_held(session.patch(&patch).await?, true, "the patch that was fenced, under the lease")?;
    session.has(json!({ "count": 2, "new": 1 }), "after the patch that was fenced, under the lease").await?;
    session.ends_at(400, "after the patch that was fenced, under the lease").await
}

pub(super) async fn transaction_is_looked_at_before_the_fence(probe: Probe) -> Outcome {
    let session = probe.session(json!({ "count": 0 })).await?;
    let (first, second, third) = (Writer::new(), Writer::new(), Writer::new());
    session.held_by(&first, "an acquire of a free lease").await?;
    let released = first.patch(json!({ "count": 1 }), Then::Release);
    applied_and_held(session.patch(&released).await?, false, "a patch that releases")?;
    applied_and_held(session.patch(&released).await?, false, "a patch that releases, again")?;

    session.held_by(&second, "an acquire of a lease that was released").await?;
    let kept = second.patch(json!({ "count": 2 }), Then::Keep);
    applied_and_held(session.patch(&kept).await?, true, "a patch that keeps the lease")?;
    let patched = session.patch(&released).await?;
    applied_and_held(patched, false, "the patch that released, again, under another's lease")?;
    session.has(json!({ "count": 2 }), "after the patch that released, again").await?;

    let watched = session.lease("a lease that is held").await?;
    same(watched.token, second.token, "the token of the lease, after a patch that released was sent again")?;
    let acquired = session.acquire(&third.over(watched)).await?;
    same(matches!(acquired, Acquired::Held(_)), true, "whether a claim over an unchanged lease is Held")?;
    applied(session.patch(&third.patch(json!({ "count": 3 }), Then::Keep)).await?, "a patch after a takeover")?;
    let patched = session.patch(&kept).await?;
    applied_and_held(patched, false, "a patch again, when its lease was taken over")?;
    session.has(json!({ "count": 3 }), "after a patch again, when its lease was taken over").await
}

pub(super) async fn repeated_patch_keeps_the_lease(probe: Probe) -> Outcome {
    let session = probe.session(json!({ "count": 0 })).await?;
    let holder = Writer::new();
    session.held_by(&holder, "an acquire of a free lease").await?;
    let patch = holder.patch(json!({ "count": 1 }), Then::Keep);
    applied_and_held(session.patch(&patch).await?, true, "a patch that keeps the lease")?;
    applied_and_held(session.patch(&patch).await?, true, "a patch that keeps the lease, again")?;
    let patched = session.patch(&holder.patch(json!({ "count": 2 }), Then::Keep)).await?;
    applied_and_held(patched, true, "the next patch")?;
    applied_and_held(session.patch(&patch).await?, true, "the patch before, again")?;
    session.has(json!({ "count": 2 }), "after patches that were sent again").await?;
    session.refused(&Writer::new(), "an acquire of another's lease").await?;
    Ok(())
}

pub(super) async fn dead_is_gone_not_fenced(probe: Probe) -> Outcome {
    let holder = Writer::new();
    let patch = |number: i64| holder.patch(json!({ "count": number }), Then::Keep);
    same(probe.nobody().patch(&patch(1)).await?, Patched::Gone, "a fenced patch of nothing")?;
    let expired = probe.session_for(60, Value::Null).await?;
    expired.held_by(&holder, "an acquire of a free lease").await?;
    same(expired.at(61).patch(&patch(2)).await?, Patched::Gone, "the holder's patch after the deadline")?;
    same(expired.at(61).patch(&holder.renewal()).await?, Patched::Gone, "the holder's renewal after the deadline")?;
    let deleted = probe.session(Value::Null).await?;
    deleted.held_by(&holder, "an acquire of a free lease").await?;
    deleted.elsewhere().delete().await?;
    same(deleted.patch(&patch(3)).await?, Patched::Gone, "the holder's patch after a delete")?;
    same(deleted.patch(&holder.renewal()).await?, Patched::Gone, "the holder's renewal after a delete")?;
    deleted.is_gone("after the holder's patches after a delete").await?;
    let retired = probe.session(Value::Null).await?;
    retired.held_by(&holder, "an acquire of a free lease").await?;
    let end = Retirement { token: Some(holder.token), ..retirement(retired.time(100)) };
    applied(retired.retire(&end).await?, "a retirement by the holder")?;
    same(retired.patch(&patch(4)).await?, Patched::Gone, "the holder's patch after it has retired the record")
}

pub(super) async fn retire_is_fenced(probe: Probe) -> Outcome {
    let session = probe.session(json!({ "count": 1 })).await?;
    let (holder, other) = (Writer::new(), Writer::new());
    let by = |writer: Writer| Retirement { token: Some(writer.token), ..retirement(session.time(100)) };
    same(session.retire(&by(holder)).await?, Patched::Fenced, "a retirement while nobody holds the lease")?;
    session.held_by(&holder, "an acquire of a free lease").await?;
    same(session.elsewhere().retire(&by(other)).await?, Patched::Fenced, "a retirement under another token")?;
    session.has(json!({ "count": 1 }), "after a retirement that was fenced").await?;
    applied(session.patch(&set(json!({ "count": 2 }))).await?, "a patch after a retirement that was fenced")?;
    same(session.retire(&by(other)).await?, Patched::Fenced, "a retirement of the changed under another token")?;
    let end = Retirement { seen: session.live("before a retirement").await?.latest, ..by(holder) };
    applied(session.retire(&end).await?, "a retirement by the holder")?;
    applied(session.retire(&end).await?, "the same retirement again")?;
    same(session.load().await?, Loaded::Rotated, "a load after the retirement")?;
    same(session.retire(&by(other)).await?, Patched::Gone, "another retirement after that")
}
