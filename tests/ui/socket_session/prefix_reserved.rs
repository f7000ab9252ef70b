use socket_session::socket_session;

#[socket_session(prefix = "__socket_session.")]
pub struct Cart {
    pub items: u32, //~ ERROR
}

fn main() {}
