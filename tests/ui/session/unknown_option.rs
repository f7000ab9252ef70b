use socket_session::socket_session;

#[socket_session]
pub struct Visit {
    #[session(kye = "n")] //~ ERROR
    pub count: u32,
}

fn main() {}
