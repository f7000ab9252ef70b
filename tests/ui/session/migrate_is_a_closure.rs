use socket_session::socket_session;

#[socket_session]
pub struct Visit {
    #[session(migrate = |old: String| 1)] //~ ERROR
    pub count: u32,
}

fn main() {}
