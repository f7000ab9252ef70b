//! The line of those who wait for a lease.

use serde_json::{Value, json};

use super::probe::{Outcome, Probe, Session, Writer, applied_and_held, same};
use crate::store::Then;

/// A session that the first of them holds, and for which the others wait.
async fn in_line<const N: usize>(probe: &Probe) -> Outcome<(Session, [Writer; N])> {
    let session = probe.session(json!({ "count": 1 })).await?;
    let writers = std::array::from_fn(|_| Writer::new());
    let mut claims = writers.iter();
    if let Some(holder) = claims.next() {
        session.held_by(holder, "an acquire of a free lease").await?;
    }
    for waiter in claims {
        session.refused(waiter, "an acquire of another's lease").await?;
    }
    Ok((session, writers))
}

pub(super) async fn line_is_first_come_first_served(probe: Probe) -> Outcome {
    let (session, [a, b, c, d]) = in_line(&probe).await?;
    let patched = session.patch(&a.patch(json!({ "count": 2 }), Then::Release)).await?;
    applied_and_held(patched, false, "a patch that releases")?;
    let what = "a lease that a patch has given back, as the last in line sees it";
    session.offered_to(&b, &d, what).await?;
    session.elsewhere().held_by(&b, "the claim of the first in line").await?;
    session.release(&b).await?;
    session.offered_to(&c, &d, "a lease that was released, as the last in line sees it").await?;
    session.held_by(&c, "the claim of the second in line").await?;
    let patched = session.patch(&c.patch(Value::Null, Then::KeepUnlessWaiting)).await?;
    applied_and_held(patched, false, "KeepUnlessWaiting while one waits")?;
    session.held_by(&d, "the claim of the last in line").await?;
    let patched = session.patch(&d.patch(Value::Null, Then::KeepUnlessWaiting)).await?;
    applied_and_held(patched, true, "KeepUnlessWaiting when the line is empty")
}

pub(super) async fn offer_keeps_others_out(probe: Probe) -> Outcome {
    let (session, [a, b, c]) = in_line(&probe).await?;
    session.release(&a).await?;
    for other in [c, Writer::new(), a] {
        session.offered_to(&b, &other, "a lease that is offered, as others see it").await?;
        session.elsewhere().offered_to(&b, &other, "a lease that is offered, as others on another node see it").await?;
    }
    session.held_by(&b, "the claim to which the lease is offered").await?;
    let lease = session.refused(&c, "a claim on an offer that was taken up").await?;
    same((lease.token, lease.renewal.is_some()), (b.token, true), "the lease, when the offer is taken up")
}

pub(super) async fn repeated_claim_has_one_place(probe: Probe) -> Outcome {
    let (session, [a, b, c]) = in_line(&probe).await?;
    for _ in 0..3 {
        session.refused(&b, "the same claim again").await?;
        session.elsewhere().refused(&b, "the same claim again").await?;
    }
    session.release(&a).await?;
    session.offered_to(&b, &c, "the offer, after the first in line has asked again").await?;
    session.held_by(&b, "the claim of the first in line").await?;
    session.release(&b).await?;
    session.held_by(&c, "the claim of the second in line, when the first has released").await?;
    session.release(&c).await?;
    session.held_by(&Writer::new(), "a new claim, when all in line had their turn").await?;
    Ok(())
}

pub(super) async fn withdrawn_claim_gets_no_offer(probe: Probe) -> Outcome {
    let (session, [a, b, c, d]) = in_line(&probe).await?;
    // out of the line
    session.elsewhere().release(&b).await?;
    let lease = session.refused(&d, "a claim, after another was withdrawn").await?;
    same(lease.token, a.token, "the token of the lease, after a waiting claim was withdrawn")?;
    session.release(&a).await?;
    session.offered_to(&c, &d, "the offer, when the first in line has withdrawn").await?;
    // of an offer
    session.elsewhere().release(&c).await?;
    session.held_by(&d, "the claim of the next in line, when the offer was given up").await?;
    session.release(&d).await?;
    session.held_by(&Writer::new(), "a new claim, when the line is empty").await?;
    Ok(())
}
