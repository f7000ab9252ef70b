use socket_session::socket_session;

#[socket_session]
pub struct Visit(pub u32); //~ ERROR

fn main() {}
