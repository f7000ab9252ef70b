//! Near `copied_by_its_pattern`: patterns that change the view itself, or only read.

use socket_session::{on, socket_session};
use socketioxide::extract::Data;

/// The view.
#[socket_session]
#[derive(Clone, Copy, Debug)]
pub struct Visit {
    /// How many there were.
    pub count: u32,
    /// Whether it is known.
    pub known: bool,
}

/// Taken apart, by reference.
#[on("a")]
pub async fn a(&mut Visit { ref mut count, .. }: &mut Visit) -> u32 {
    *count = count.wrapping_add(1);
    *count
}

/// A copy of what is only read is all right.
#[on("b")]
pub async fn b(&Visit { count, known }: &Visit) -> (u32, bool) {
    (count, known)
}

/// Copies that cannot change.
#[on("e")]
pub async fn e(&mut Visit { count, known: _ }: &mut Visit) -> u32 {
    count
}

/// No name.
#[on("c")]
pub async fn c(_: &mut Visit, _: Data<u8>) {}

/// The reference itself may change.
#[on("d")]
pub async fn d(mut visit: &Visit, Data(mut by): Data<u32>) -> u32 {
    let other = Visit { count: by, known: false };
    by = visit.count;
    if !visit.known {
        visit = &other;
    }
    by.wrapping_add(visit.count)
}
