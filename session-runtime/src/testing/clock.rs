//! The clock that a test moves: tokio's, which this library's then follows.

use std::{thread, time::Duration};

use tokio::time::{self, Instant};

/// By how much tokio's clock, which a test may have moved, is ahead of the machine's. Each runtime has its own.
pub(crate) fn ahead() -> ::time::Duration {
    let (there, here) = (Instant::now().into_std(), std::time::Instant::now());
    let ahead = match there.checked_duration_since(here) {
        Some(ahead) => ahead.try_into(),
        None => here.duration_since(there).try_into().map(|behind: ::time::Duration| -behind),
    };
    ahead.unwrap_or_default()
}

/// Moves the clock, stopping at each timer on the way.
pub(super) async fn advance(by: Duration) {
    let stands = stands();
    if !stands {
        time::pause();
    }
    // a clock that stands goes to the next timer whenever nobody has anything to do, until it is this one's turn
    time::sleep(by).await;
    if !stands {
        time::resume();
    }
}

/// Whether the clock stands: tokio does not say so.
fn stands() -> bool {
    let before = Instant::now();
    thread::sleep(Duration::from_micros(1));
    Instant::now() == before
}
