use socket_session::{on, socket_session};

#[socket_session]
pub struct Visit {
    pub count: u32,
}

#[on("my event")]
pub async fn my_event<'a>(visit: &Visit) -> &u32 { //~ ERROR
    &visit.count
}

fn main() {}
