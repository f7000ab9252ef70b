use socket_session::{guard, socket_session};

#[socket_session]
pub struct Visit {
    pub count: u32,
}

#[guard]
pub async fn is_new(visit: &Visit) -> u32 { //~ ERROR
    visit.count
}

fn main() {}
