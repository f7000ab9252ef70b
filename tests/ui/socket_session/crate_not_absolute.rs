use socket_session::socket_session;

#[socket_session(crate = shop::sessions)] //~ ERROR
pub struct Cart {
    pub items: u32,
}

fn main() {}
