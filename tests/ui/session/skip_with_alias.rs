use socket_session::socket_session;

#[socket_session]
pub struct Visit {
    pub count: u32,
    #[session(skip, alias = "old")] //~ ERROR
    pub seen: u32,
}

fn main() {}
