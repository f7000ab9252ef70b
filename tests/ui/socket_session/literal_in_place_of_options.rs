use socket_session::socket_session;

#[socket_session("cart.")] //~ ERROR
pub struct Cart {
    pub items: u32,
}

fn main() {}
