use socket_session::socket_session;

#[socket_session]
pub fn visit() {} //~ ERROR

fn main() {}
