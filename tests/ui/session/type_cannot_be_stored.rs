use socket_session::socket_session;

#[derive(Default)]
pub struct Handle;

#[socket_session]
pub struct Visit {
    pub handle: Handle, //~ ERROR
    pub count: u32,
}

fn main() {}
