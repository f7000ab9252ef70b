use socket_session::socket_session;

#[socket_session]
pub struct Visit {
    #[session(alias = [old, older])] //~ ERROR
    pub count: u32,
}

fn main() {}
