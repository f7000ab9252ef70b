//! A visitor: logs in, sends events by every way there is, logs in again, logs out or leaves; and comes back as another.

use std::sync::Arc;

use fastrand::Rng;
use tokio::task::JoinSet;

use super::{
    Run,
    life::{Left, Life},
};
use crate::{Result, Transport};

/// The most events of one session: well below a life's span.
const MOST: u64 = 4_000;

/// How a session ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// Logout while events are on their way.
    InMidLoad,
    /// Logout when all is answered.
    Quiet,
    /// The visitor leaves; the session is looked at when all is over.
    None,
}

/// Visits until there are no events left. Those who left without a logout are handed over.
pub(super) async fn run(run: Arc<Run>, mut random: Rng) -> Result<Vec<Left>> {
    let mut left = Vec::new();
    // In a short run each visitor has his part of the events.
    let most = (run.events / run.visitors as u64).clamp(100, MOST);
    while run.sent() < run.events {
        let events = random.u64(most / 8..=most);
        let Some(life) = Life::begin(&run, events, &mut random).await? else { continue };
        let life = Arc::new(life);
        let end = match random.u8(0..3) {
            0 => End::InMidLoad,
            1 => End::Quiet,
            _ => End::None,
        };
        stay(&life, end, &mut random).await?;
        if end == End::Quiet {
            life.logout_quietly(&mut random).await?;
        }
        let life = Arc::into_inner(life).ok_or("a worker of a life that is over is still there")?;
        left.extend(life.end());
    }
    Ok(left)
}

/// Sends the events, and meanwhile logs in again and perhaps out.
async fn stay(life: &Arc<Life>, end: End, random: &mut Rng) -> Result<()> {
    let mut workers = JoinSet::new();
    for node in 0..2 {
        for _ in 0..random.usize(1..=2) {
            let transport = if random.u8(0..5) == 0 { Transport::Polling } else { Transport::WebSocket };
            workers.spawn(Arc::clone(life).emit(node, transport, random.fork()));
        }
        workers.spawn(Arc::clone(life).post(node, random.fork()));
    }
    let rotations = random.u64(0..3);
    for _ in 0..rotations {
        let part = random.u64(0..1_000);
        if life.is_left(part, 1_000).await {
            life.rotate(random).await?;
        }
    }
    if end == End::InMidLoad && life.is_left(random.u64(0..200), 1_000).await {
        life.logout(random).await?;
    }
    while let Some(worker) = workers.join_next().await {
        worker?;
    }
    Ok(())
}
