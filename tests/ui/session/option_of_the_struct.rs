use socket_session::socket_session;

#[socket_session]
pub struct Visit {
    #[session(prefix = "cart.")]
    pub count: u32,
}

fn main() {}
