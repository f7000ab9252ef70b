use socket_session::socket_session;

#[socket_session]
pub struct Visit {
    #[session(alias = "__socket_session.count")] //~ ERROR
    pub count: u32,
}

fn main() {}
