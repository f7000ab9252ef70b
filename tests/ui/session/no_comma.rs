use socket_session::socket_session;

#[socket_session]
pub struct Visit {
    #[session(key = "n" default = 1)] //~ ERROR
    pub count: u32,
}

fn main() {}
