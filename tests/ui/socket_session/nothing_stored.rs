use socket_session::socket_session;

#[socket_session]
pub struct Visit { //~ ERROR
    #[session(skip)]
    pub count: u32,
}

fn main() {}
