use socket_session::{on, socket_session};

#[socket_session]
pub struct Visit {
    pub count: u32,
}

#[socket_session]
pub struct Counter {
    pub count: u64,
}

#[on("my event")]
pub async fn my_event(_visit: &Visit, _counter: &mut Counter) {} //~ ERROR

fn main() {}
