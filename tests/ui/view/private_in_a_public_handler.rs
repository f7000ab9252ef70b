use socket_session::{on, socket_session};

#[socket_session]
struct Visit {
    count: u32,
}

#[on("my event")]
pub async fn my_event(visit: &Visit) -> u32 { //~ ERROR
    visit.count
}

fn main() {}
