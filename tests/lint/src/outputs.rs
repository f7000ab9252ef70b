//! Near the cases of `output`: every shape of a reply.

use serde::Serialize;
use socket_session::{EventError, on, socket_session};
use std::num::ParseIntError;

/// The view.
#[socket_session]
#[derive(Debug)]
pub struct Visit {
    /// Whose it is.
    pub name: String,
    /// How many there were.
    pub count: u32,
}

/// A result under an alias.
pub type Answer<T> = Result<T, EventError>;

/// A reply that borrows.
#[derive(Debug, Serialize)]
pub struct Receipt<'a> {
    /// Whose it is.
    name: &'a str,
}

/// Nothing.
#[on("a")]
pub async fn a(_visit: &mut Visit) {}

/// Borrowed from the view.
#[on("b")]
pub async fn b(visit: &mut Visit) -> &str {
    visit.count = visit.count.wrapping_add(1);
    &visit.name
}

/// Borrowed from the view, inside something.
#[on("c")]
pub async fn c(visit: &Visit) -> Result<Receipt<'_>, String> {
    Ok(Receipt { name: &visit.name })
}

/// An alias, and `?` on any error.
#[on("d")]
pub async fn d(visit: &mut Visit) -> Answer<u32> {
    let parsed: Result<u32, ParseIntError> = visit.name.parse();
    visit.count = parsed?;
    Ok(visit.count)
}

/// Several values are still one argument.
#[on("e")]
pub async fn e(visit: &Visit) -> (u32, Vec<u8>) {
    (visit.count, Vec::new())
}

/// A name of its own for what a module calls `Result`.
pub mod own {
    use super::{Serialize, Visit, on};

    /// Not the standard one.
    #[derive(Debug, Serialize)]
    pub struct Result {
        /// Whether it is.
        ok: bool,
    }

    /// It is a reply like any other.
    #[on("f")]
    pub async fn f(_visit: &Visit) -> Result {
        Result { ok: true }
    }
}

/// Nothing but a success.
#[on("g")]
pub async fn g(_visit: &mut Visit) -> Result<(), &'static str> {
    Ok(())
}

/// Whatever it is.
#[on("h")]
pub async fn h() -> impl Serialize + Send {
    1
}

/// Never.
#[on("i")]
pub async fn i(visit: &mut Visit) -> Option<Receipt<'_>> {
    visit.count = 0;
    None
}
