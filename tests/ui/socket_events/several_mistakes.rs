use socket_session::{socket_events, socket_session};

#[socket_session]
pub struct Visit {
    pub count: u32,
}

#[socket_events(nmae = Chat)] //~ ERROR
impl Visit {
    #[on("disconnecting")] //~ ERROR
    pub async fn bye(&self) {}

    #[on("my event", fresh = "5")] //~ ERROR
    pub fn my_event(&self) {} //~ ERROR

    #[on_connect("hello")] //~ ERROR
    pub async fn hello(self) {} //~ ERROR
}

fn main() {}
