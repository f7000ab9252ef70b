use socket_session::{on, socket_session};
use std::sync::Mutex;

#[socket_session]
pub struct Visit {
    pub count: u32,
}

pub static LAST: Mutex<Option<&'static Visit>> = Mutex::new(None);

#[on("my event")]
pub async fn my_event(visit: &Visit) {
    *LAST.lock().unwrap() = Some(visit); //~ ERROR
}

fn main() {}
