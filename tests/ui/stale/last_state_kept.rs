use socket_session::{on_disconnect, socket_session};
use std::sync::Mutex;

#[socket_session]
pub struct Visit {
    pub count: u32,
}

pub static LAST: Mutex<Option<&'static Visit>> = Mutex::new(None);

#[on_disconnect]
pub async fn bye(visit: Option<&Visit>) {
    *LAST.lock().unwrap() = visit; //~ ERROR
}

fn main() {}
