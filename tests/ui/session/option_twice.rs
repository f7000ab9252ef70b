use socket_session::socket_session;

#[socket_session]
pub struct Visit {
    #[session(key = "n")]
    #[session(key = "m")] //~ ERROR
    pub count: u32,
}

fn main() {}
