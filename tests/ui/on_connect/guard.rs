use socket_session::{on_connect, socket_session};

#[socket_session]
pub struct Visit {
    pub count: u32,
}

pub fn is_new(visit: &Visit) -> bool {
    visit.count == 0
}

#[on_connect(guard = is_new)] //~ ERROR
pub async fn hello(_visit: &Visit) {}

fn main() {}
