use socket_session::{on, socket_session};

#[socket_session]
pub struct Visit {
    pub count: u32,
}

pub async fn is_new(visit: &Visit) -> bool {
    visit.count == 0
}

#[on("my event", guard = is_new)] //~ ERROR
pub async fn my_event() {}

fn main() {}
