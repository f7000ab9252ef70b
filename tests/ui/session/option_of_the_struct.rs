use socket_session::socket_session;

#[socket_session]
pub struct Visit {
    #[session(prefix = "cart.")] //~ ERROR
    pub count: u32,
}

fn main() {}
