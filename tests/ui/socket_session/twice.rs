use socket_session::socket_session;

#[socket_session(prefix = "cart.")]
#[socket_session] //~ ERROR
pub struct Cart {
    pub items: u32,
}

fn main() {}
