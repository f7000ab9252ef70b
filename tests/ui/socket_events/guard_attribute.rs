use socket_session::{socket_events, socket_session};

#[socket_session]
pub struct Visit {
    pub count: u32,
}

#[socket_events]
impl Visit {
    #[guard] //~ ERROR
    pub async fn is_new(&self) -> bool {
        self.count == 0
    }
}

fn main() {}
