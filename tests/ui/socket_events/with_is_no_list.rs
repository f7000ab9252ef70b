use socket_session::{socket_events, socket_session};

#[socket_session]
pub struct Visit {
    pub count: u32,
}

#[socket_events(with = Chat)] //~ ERROR
impl Visit {
    #[on("my event")]
    pub async fn my_event(&mut self) {}
}

#[socket_events(name = pub Chat)]
impl Visit {
    #[on("message")]
    pub async fn message(&mut self) {}
}

fn main() {}
