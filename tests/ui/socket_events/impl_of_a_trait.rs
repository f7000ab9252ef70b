use socket_session::{socket_events, socket_session};

#[socket_session]
pub struct Visit {
    pub count: u32,
}

pub trait Counts {
    fn count(&self) -> u32;
}

#[socket_events]
impl Counts for Visit { //~ ERROR
    fn count(&self) -> u32 {
        self.count
    }
}

fn main() {}
