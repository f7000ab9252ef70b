use socket_session::{on_fallback, socket_session};

#[socket_session]
pub struct Visit {
    pub count: u32,
}

#[on_fallback("unknown")] //~ ERROR
pub async fn unknown(_visit: &Visit) {}

fn main() {}
