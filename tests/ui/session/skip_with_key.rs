use socket_session::socket_session;

#[socket_session]
pub struct Visit {
    #[session(skip, key = "n")] //~ ERROR
    pub count: u32,
    pub total: u32,
}

fn main() {}
