use socket_session::socket_session;

#[socket_session(on_corrupt = "defualt")] //~ ERROR
pub struct Visit {
    pub count: u32,
}

fn main() {}
