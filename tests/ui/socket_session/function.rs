use socket_session::socket_session;

#[socket_session]
pub fn visit() {}

fn main() {}
