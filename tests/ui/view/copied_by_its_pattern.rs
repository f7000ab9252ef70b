use socket_session::{on, socket_session};

#[socket_session]
#[derive(Clone, Copy)]
pub struct Visit {
    pub count: u32,
}

#[on("my event")]
pub async fn my_event(&mut _visit: &mut Visit) {}

fn main() {}
