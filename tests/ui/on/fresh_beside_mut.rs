use socket_session::{on, socket_session};

#[socket_session]
pub struct Visit {
    pub count: u32,
}

#[on("my event", fresh = "5s")] //~ ERROR
pub async fn my_event(visit: &mut Visit) {
    visit.count += 1;
}

fn main() {}
