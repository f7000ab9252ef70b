use socket_session::{on, socket_session};

#[socket_session]
pub struct Visit {
    pub count: u32,
}

#[on("connect", gaurd = is_new, fresh = 5)] //~ ERROR //~ ERROR //~ ERROR //~ ERROR
pub fn my_event(self, visit: &'static mut Visit, text: &str) {} //~ ERROR //~ ERROR //~ ERROR //~ ERROR //~ COMPILER

fn main() {}
