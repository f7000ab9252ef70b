use socket_session::socket_session;

#[socket_session(guard = is_admin)] //~ ERROR
pub struct Cart {
    pub items: u32,
}

fn main() {}
