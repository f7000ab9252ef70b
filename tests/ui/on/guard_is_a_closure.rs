use socket_session::{on, socket_session};

#[socket_session]
pub struct Visit {
    pub count: u32,
}

#[on("my event", guard = |visit: &Visit| visit.count == 0)] //~ ERROR
pub async fn my_event() {}

fn main() {}
