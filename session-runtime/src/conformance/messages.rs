//! What nodes are told. A store may do without: then whoever waits looks now and then.

use std::time::Duration;

use futures_util::StreamExt as _;
use serde_json::Value;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::probe::{Miss, Outcome, Probe, Writer, failed};
use crate::store::{Ending, Notice, Notices, Telling, Then};

/// A message that takes longer than this is as good as none.
const PATIENCE: Duration = Duration::from_secs(2);
/// A stream may take a while before it listens: so messages are sent again.
const PAUSE: Duration = Duration::from_millis(100);

const ABSENT: &str = "the store has no messages: whoever waits looks now and then";

/// The first of the wanted notices that comes within a pause.
async fn heard(notices: &mut Notices, wanted: &[Notice]) -> Option<Notice> {
    let end = Instant::now() + PAUSE;
    loop {
        match timeout_at(end, notices.next()).await {
            Ok(Some(notice)) if wanted.contains(&notice) => return Some(notice),
            Ok(Some(_)) => {}
            // it never ends by itself; but if it does, this is no busy loop
            Ok(None) => sleep_until(end).await,
            Err(_) => return None,
        }
    }
}

pub(super) async fn announcements_reach_every_node(probe: Probe) -> Outcome {
    let [first, second] = probe.stores();
    let (here, there) = (Writer::new().node, Writer::new().node);
    let (mut ours, mut theirs) = (first.listen(here), second.listen(there));
    let mut heard_here = false;
    let key = probe.nobody().key;
    let ended = Ending::ALL.map(|how| Notice::Ended { key, by: here, how });
    let told = Telling::ALL.map(|what| Notice::Told { key, by: here, what });
    let mut missing = [ended, told].concat();
    let kinds = missing.len();
    let end = Instant::now() + PATIENCE;
    let mut sent = Vec::new();
    while let (Some(&notice), true) = (missing.iter().cycle().nth(sent.len()), Instant::now() < end) {
        sent.push(notice);
        if let Err(error) = first.announce(&notice).await {
            return failed(format!("`announce` failed: {error}"));
        }
        let (we, they) = tokio::join!(heard(&mut ours, &sent), heard(&mut theirs, &sent));
        heard_here |= we.is_some();
        missing.retain(|missing| they != Some(*missing));
    }
    match missing.len() {
        0 => Ok(()),
        missing if missing < kinds => {
            failed("an announcement of one kind reached the other node, one of another kind did not")
        }
        _ if heard_here => failed("an announcement reached the node that made it, and not the other"),
        _ if probe.stores()[0].has_leases() && hears_of_offer(&probe, Release::Alone).await? => {
            failed("offers are told, but announcements reach nobody")
        }
        _ => Err(Miss::Absent(ABSENT)),
    }
}

/// How the lease becomes free that a writer waits for.
#[derive(Clone, Copy)]
enum Release {
    Alone,
    WithPatch,
    OfOffer,
}

/// Whether a node hears that the lease it waits for is offered to it.
async fn hears_of_offer(probe: &Probe, how: Release) -> Outcome<bool> {
    let [_, second] = probe.stores();
    let (holder, withdraws, waits) = (Writer::new(), Writer::new(), Writer::new());
    let mut notices = second.listen(waits.node);
    let end = Instant::now() + PATIENCE;
    let mut offers = Vec::new();
    while Instant::now() < end {
        let session = probe.session(Value::Null).await?;
        offers.push(Notice::Offered(session.key));
        session.held_by(&holder, "an acquire of a free lease").await?;
        if let Release::OfOffer = how {
            session.refused(&withdraws, "an acquire of another's lease").await?;
        }
        session.elsewhere().refused(&waits, "an acquire of another's lease").await?;
        match how {
            Release::Alone => session.release(&holder).await?,
            Release::WithPatch => {
                session.patch(&holder.patch(Value::Null, Then::KeepUnlessWaiting)).await?;
            }
            Release::OfOffer => {
                session.release(&holder).await?;
                session.release(&withdraws).await?;
            }
        }
        if heard(&mut notices, &offers).await.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(super) async fn offers_are_told(probe: Probe) -> Outcome {
    if !hears_of_offer(&probe, Release::Alone).await? {
        return match announcements_reach_every_node(probe).await {
            Ok(()) => failed("announcements are heard, offers are not"),
            absent => absent,
        };
    }
    if !hears_of_offer(&probe, Release::WithPatch).await? {
        return failed("an offer by `release` is told, one by a patch is not");
    }
    if !hears_of_offer(&probe, Release::OfOffer).await? {
        return failed("an offer is told, but not when it comes from one who gave up its own");
    }
    Ok(())
}
