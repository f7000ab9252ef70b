use socket_session::{on, socket_session};

#[socket_session]
pub struct Visit {
    pub count: u32,
}

pub fn count(visit: &Visit) -> u32 {
    visit.count
}

#[on("my event", guard = count)] //~ ERROR
pub async fn my_event() {}

fn main() {}
