use socket_session::{on, socket_session};

pub fn is_admin(_visit: &Visit) -> bool {
    true
}

#[on("my event", gaurd = is_admin)] //~ ERROR
pub async fn my_event() {}

#[socket_session]
pub struct Visit {
    pub count: u32,
}

fn main() {}
