use socket_session::socket_session;

#[socket_session]
pub struct Visit {
    pub name: &'static str, //~ ERROR
}

fn main() {}
