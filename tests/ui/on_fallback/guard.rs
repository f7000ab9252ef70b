use socket_session::{on_fallback, socket_session};

#[socket_session]
pub struct Visit {
    pub count: u32,
}

pub fn is_new(visit: &Visit) -> bool {
    visit.count == 0
}

#[on_fallback(guard = is_new)] //~ ERROR
pub async fn unknown(_visit: &Visit) {}

fn main() {}
