use socket_session::socket_session;

#[socket_session]
pub struct Visit {
    pub count: u32 = 1, //~ ERROR //~ COMPILER
}

fn main() {}
