use socket_session::{socket_events, socket_session};

#[socket_session]
pub struct Visit {
    pub count: u32,
}

#[socket_events]
impl Visit {
    #[on_disconnect]
    pub async fn bye(&self) {} //~ ERROR
}

fn main() {}
