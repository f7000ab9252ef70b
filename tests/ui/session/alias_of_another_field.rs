use socket_session::socket_session;

#[socket_session]
pub struct Visit {
    #[session(alias = "total")] //~ ERROR
    pub count: u32,
    pub total: u32,
}

fn main() {}
