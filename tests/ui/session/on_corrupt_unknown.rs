use socket_session::socket_session;

#[socket_session]
pub struct Visit {
    #[session(on_corrupt = "ignore")] //~ ERROR
    pub count: u32,
}

fn main() {}
