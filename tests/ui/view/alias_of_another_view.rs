use socket_session::{on, socket_session};

#[socket_session]
pub struct Visit {
    pub count: u32,
}

#[socket_session]
pub struct Counter {
    #[session(alias = "count")]
    pub total: u32,
}

#[on("my event")]
pub async fn my_event(visit: &mut Visit, counter: &Counter) { //~ ERROR
    visit.count += counter.total;
}

fn main() {}
