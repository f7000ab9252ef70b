use socket_session::socket_session;

#[socket_session]
pub struct Visit {
    pub unit: Unit, //~ ERROR
}

fn main() {}
