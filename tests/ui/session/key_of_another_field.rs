use socket_session::socket_session;

#[socket_session]
pub struct Visit {
    pub count: u32,
    #[session(key = "count")] //~ ERROR
    pub total: u32,
}

fn main() {}
