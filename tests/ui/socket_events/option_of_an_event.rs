use socket_session::{socket_events, socket_session};

#[socket_session]
pub struct Visit {
    pub count: u32,
}

#[socket_events(guard = Visit::is_new)] //~ ERROR
impl Visit {
    #[on("my event")]
    pub async fn my_event(&mut self) {}

    pub fn is_new(&self) -> bool {
        self.count == 0
    }
}

fn main() {}
