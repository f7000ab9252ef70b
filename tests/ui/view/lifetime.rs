use socket_session::{on, socket_session};

#[socket_session]
pub struct Visit {
    pub count: u32,
}

#[on("my event")]
pub async fn my_event(_visit: &'static Visit) {} //~ ERROR

fn main() {}
