//! Handlers that do what they should: views of all kinds, replies of all kinds.

use bytes::Bytes;
use serde::Serialize;
use socket_session::{AfterSave, on};
use socketioxide::{
    adapter::Adapter,
    extract::{Data, SocketRef, State},
};

use super::wait;
use crate::{
    app::App,
    views::{Cart, Visit},
};

#[on("incr")]
pub(crate) async fn incr(visit: &mut Visit) -> u32 {
    visit.count += 1;
    visit.count
}

/// Increments before and after a pause: whoever got in between would be overwritten.
#[on("slow")]
pub(crate) async fn slow(
    visit: &mut Visit,
    Data(milliseconds): Data<u64>,
    socket: SocketRef,
    after: AfterSave,
    State(app): State<App>,
) -> u32 {
    let before = visit.count;
    app.note(format!("slow {}", socket.id));
    let done = format!("slow done {}", socket.id);
    let noted = app.clone();
    after.run(async move { noted.note(done) });
    wait(milliseconds).await;
    visit.count = before + 1;
    visit.count
}

/// Leaves its number in the session's trail, after a pause.
#[on("step")]
pub(crate) async fn step(visit: &mut Visit, Data((number, milliseconds)): Data<(u32, u64)>) -> u32 {
    wait(milliseconds).await;
    visit.trail.push(number);
    number
}

#[derive(Serialize)]
pub(crate) struct Seen<'a> {
    authenticated: bool,
    count: u32,
    trail: &'a [u32],
}

/// The reply borrows from the view.
#[on("read")]
pub(crate) async fn read(visit: &Visit) -> Seen<'_> {
    Seen { authenticated: visit.authenticated, count: visit.count, trail: &visit.trail }
}

/// A reader that takes its time and tells what it read.
#[on("slow read")]
pub(crate) async fn slow_read(visit: &Visit, Data(milliseconds): Data<u64>) -> u32 {
    wait(milliseconds).await;
    visit.count
}

/// Neither store nor queue.
#[on("echo")]
pub(crate) async fn echo(Data(value): Data<serde_json::Value>) -> serde_json::Value {
    value
}

#[on("number")]
pub(crate) async fn number(visit: &mut Visit, Data(by): Data<u32>) -> Result<u32, &'static str> {
    visit.count = visit.count.checked_add(by).ok_or("the count is full")?;
    Ok(visit.count)
}

#[on("buy")]
pub(crate) async fn buy(visit: &Visit, cart: &mut Cart, Data(item): Data<String>) -> (u32, usize) {
    cart.items.push(item);
    (visit.count, cart.items.len())
}

#[on("maybe")]
pub(crate) async fn maybe(visit: Option<&Visit>) -> Option<u32> {
    visit.map(|visit| visit.count)
}

#[on("nothing")]
pub(crate) async fn nothing(_visit: &Visit) {}

/// Changes nothing, although it could.
#[on("idle")]
pub(crate) async fn idle(visit: &mut Visit) -> u32 {
    visit.count
}

#[on("bytes")]
pub(crate) async fn binary(visit: &mut Visit) -> Bytes {
    visit.count += 1;
    Bytes::from_static(&[0, 1, 254, 255])
}

/// One argument, although it is a tuple.
#[on("pair")]
pub(crate) async fn pair() -> (u32, &'static str) {
    (1, "two")
}

#[on("huge")]
pub(crate) async fn huge(_visit: &Visit, Data(length): Data<usize>) -> String {
    "x".repeat(length.min(64 << 20))
}

/// Works on any adapter.
#[on("generic")]
pub(crate) async fn generic<A: Adapter>(visit: &mut Visit, socket: SocketRef<A>) -> String {
    visit.count += 1;
    socket.ns().to_owned()
}

#[on("after")]
pub(crate) async fn after(visit: &mut Visit, after: AfterSave, State(app): State<App>) -> u32 {
    visit.count += 1;
    after.emit("saved", &visit.count);
    let count = visit.count;
    after.run(async move { app.note(format!("after {count}")) });
    count
}

#[on("after fail")]
pub(crate) async fn after_fail(
    visit: &mut Visit,
    after: AfterSave,
    State(app): State<App>,
) -> Result<u32, &'static str> {
    visit.count += 1;
    after.emit("saved", &visit.count);
    after.run(async move { app.note("after fail") });
    Err("refused")
}
