use socket_session::{on, on_connect};

#[on_connect]
pub async fn hello() {}

#[on("my event", guard = hello)] //~ ERROR
pub async fn my_event() {}

fn main() {}
