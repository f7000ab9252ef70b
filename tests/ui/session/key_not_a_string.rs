use socket_session::socket_session;

#[socket_session]
pub struct Visit {
    #[session(key = count)] //~ ERROR
    pub count: u32,
}

fn main() {}
