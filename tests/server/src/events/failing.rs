//! Handlers that go wrong, each in its own way, after they have changed the session.

use std::io;

use serde::{Serialize, Serializer, ser::Error as _};
use serde_json::json;
use socket_session::{EventError, on};
use socketioxide::extract::Data;

use super::wait;
use crate::views::{Odd, Sometimes, Visit};

const SPOILT: u32 = 1_000_000;

#[on("fail")]
pub(crate) async fn fail(visit: &mut Visit) -> Result<u32, &'static str> {
    visit.count = SPOILT;
    Err("refused")
}

#[on("fail late")]
pub(crate) async fn fail_late(visit: &mut Visit, Data(milliseconds): Data<u64>) -> Result<u32, String> {
    visit.count = SPOILT;
    wait(milliseconds).await;
    Err(format!("refused after {milliseconds} ms"))
}

#[on("fail coded")]
pub(crate) async fn fail_coded(visit: &mut Visit) -> Result<u32, EventError> {
    visit.count = SPOILT;
    Err(EventError::new("full", "the count is full").data(&json!({ "limit": 7 })))
}

#[on("fail hidden")]
pub(crate) async fn fail_hidden(visit: &mut Visit) -> Result<u32, EventError> {
    visit.count = SPOILT;
    Err(io::Error::other("password=hunter2"))?
}

#[on("panic")]
#[expect(clippy::panic, reason = "this is what it is for")]
pub(crate) async fn panicking(visit: &mut Visit) -> u32 {
    visit.count = SPOILT;
    wait(1).await;
    panic!("password=hunter2");
}

/// Before its first await.
#[on("panic at once")]
#[expect(clippy::panic, reason = "this is what it is for")]
pub(crate) async fn panicking_at_once(visit: &mut Visit) -> u32 {
    visit.count = SPOILT;
    panic!("password=hunter2");
}

/// In a handler that holds nothing.
#[on("panic without view")]
#[expect(clippy::panic, reason = "this is what it is for")]
pub(crate) async fn panicking_without_view() -> u32 {
    panic!("password=hunter2");
}

/// Longer than any `handler_timeout` of a test.
#[on("hang")]
pub(crate) async fn hang(visit: &mut Visit) -> u32 {
    visit.count = SPOILT;
    wait(600_000).await;
    visit.count
}

#[on("hang reading")]
pub(crate) async fn hang_reading(visit: &Visit) -> u32 {
    wait(600_000).await;
    visit.count
}

/// Cannot be serialized.
pub(crate) struct Unwritable;

impl Serialize for Unwritable {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(S::Error::custom("password=hunter2"))
    }
}

#[on("unwritable reply")]
pub(crate) async fn unwritable_reply(visit: &mut Visit) -> Unwritable {
    visit.count = SPOILT;
    Unwritable
}

#[on("unwritable field")]
pub(crate) async fn unwritable_field(visit: &mut Visit, odd: &mut Odd) -> u32 {
    visit.count = SPOILT;
    odd.odd = Sometimes(true);
    visit.count
}

/// Fills the session up to its limit.
#[on("fill")]
pub(crate) async fn fill(visit: &mut Visit, Data(length): Data<usize>) -> usize {
    visit.trail = vec![9; length.min(8 << 20)];
    visit.trail.len()
}
