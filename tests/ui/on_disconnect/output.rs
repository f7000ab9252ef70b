use socket_session::{on_disconnect, socket_session};

#[socket_session]
pub struct Visit {
    pub count: u32,
}

#[on_disconnect]
pub async fn bye(_visit: Option<&Visit>) -> u32 { //~ ERROR
    1
}

fn main() {}
