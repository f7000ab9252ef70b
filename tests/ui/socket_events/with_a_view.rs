use socket_session::{socket_events, socket_session};

#[socket_session]
pub struct Visit {
    pub count: u32,
}

#[socket_session(prefix = "cart.")]
pub struct Cart {
    pub items: u32,
}

#[socket_events(with = [Cart])] //~ ERROR
impl Visit {
    #[on("my event")]
    pub async fn my_event(&mut self) {}
}

#[socket_events]
impl Cart {
    #[on("another event")]
    pub async fn another_event(&mut self) {}
}

fn main() {}
