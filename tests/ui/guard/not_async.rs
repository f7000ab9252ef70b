use socket_session::{guard, socket_session};

#[socket_session]
pub struct Visit {
    pub count: u32,
}

#[guard]
pub fn is_new(visit: &Visit) -> bool { //~ ERROR
    visit.count == 0
}

fn main() {}
