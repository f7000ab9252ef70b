use socket_session::socket_session;

#[socket_session(rename_all = camelCase)] //~ ERROR
pub struct Visit {
    pub count: u32,
}

fn main() {}
