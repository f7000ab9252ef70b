use socket_session::{socket_events, socket_session};

#[socket_session]
pub struct Visit {
    pub count: u32,
}

#[socket_events]
impl Visit {
    #[on_connect]
    pub async fn hello(&mut self) {}

    #[on_connect]
    pub async fn welcome(&mut self) {} //~ ERROR
}

fn main() {}
