use socket_session::socket_events;

#[socket_events]
pub enum Event { //~ ERROR
    Mine,
}

fn main() {}
