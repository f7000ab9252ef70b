use socket_session::socket_session;

#[socket_session]
pub struct Visit {
    pub names: Vec<Option<&'static str>>, //~ ERROR
}

fn main() {}
