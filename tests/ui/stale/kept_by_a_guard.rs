use socket_session::{guard, socket_session};
use std::sync::Mutex;

#[socket_session]
pub struct Visit {
    pub count: u32,
}

pub static LAST: Mutex<Option<&'static Visit>> = Mutex::new(None);

#[guard]
pub async fn is_new(visit: &Visit) -> bool {
    *LAST.lock().unwrap() = Some(visit); //~ ERROR
    visit.count == 0
}

fn main() {}
