use socket_session::socket_session;

pub struct Handle;

#[socket_session]
pub struct Visit {
    #[session(skip)]
    pub handle: Handle, //~ ERROR
    pub count: u32,
}

fn main() {}
