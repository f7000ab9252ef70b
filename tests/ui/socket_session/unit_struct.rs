use socket_session::socket_session;

#[socket_session]
pub struct Visit; //~ ERROR

fn main() {}
