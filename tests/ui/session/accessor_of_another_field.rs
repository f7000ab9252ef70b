use socket_session::socket_session;

#[socket_session]
pub struct Visit {
    pub count: u32,
    pub set_count: bool, //~ ERROR
}

fn main() {}
