use socket_session::{on, on_connect};

#[on_connect]
pub async fn hello() {}

#[on("my event", guard = hello)]
pub async fn my_event() {}

fn main() {}
