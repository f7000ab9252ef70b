//! Items inside of functions, as tests have them.

use socket_session::{Sessions, guard, on, socket_session};

/// Everything is local.
pub fn register(sessions: &Sessions) {
    #[socket_session]
    struct Visit {
        count: u32,
    }

    const fn few(visit: &Visit) -> bool {
        visit.count < 10
    }

    #[guard]
    async fn known(visit: &Visit) -> bool {
        visit.count > 0
    }

    #[on("a", guard = few)]
    async fn a(visit: &mut Visit) -> u32 {
        visit.count
    }

    #[on("b", guard = known)]
    async fn b(visit: &Visit) -> u32 {
        visit.count
    }

    drop(sessions.namespace().guard("no", few).on::<a>().on::<b>());
}
