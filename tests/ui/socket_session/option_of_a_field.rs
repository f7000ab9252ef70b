use socket_session::socket_session;

#[socket_session(key = "cart")] //~ ERROR
pub struct Cart {
    pub items: u32,
}

fn main() {}
