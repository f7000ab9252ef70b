use socket_session::socket_session;

#[socket_session]
pub union Visit { //~ ERROR
    count: u32,
    bits: u32,
}

fn main() {}
