use socket_session::socket_session;

#[socket_session(crate = ::shop)]
pub struct Cart {
    pub items: u32,
}

fn main() {}
