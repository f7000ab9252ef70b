use socket_session::{socket_events, socket_session};

#[socket_session]
pub struct Visit {
    pub count: u32,
}

#[socket_events]
impl Visit {
    #[on("my event")]
    pub async fn my_event(self) -> u32 { //~ ERROR
        self.count
    }
}

fn main() {}
