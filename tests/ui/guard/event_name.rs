use socket_session::{guard, socket_session};

#[socket_session]
pub struct Visit {
    pub count: u32,
}

#[guard("is new")] //~ ERROR
pub async fn is_new(visit: &Visit) -> bool {
    visit.count == 0
}

fn main() {}
