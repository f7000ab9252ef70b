use socket_session::{socket_events, socket_session};

#[socket_session]
pub struct Visit {
    pub count: u32,
}

#[socket_events(name = Visit)] //~ ERROR
impl Visit {
    #[on("my event")]
    pub async fn my_event(&mut self) {}
}

fn main() {}
