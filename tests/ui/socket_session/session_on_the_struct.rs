use socket_session::socket_session;

#[socket_session]
#[session(key = "cart")] //~ ERROR
pub struct Cart {
    pub items: u32,
}

fn main() {}
