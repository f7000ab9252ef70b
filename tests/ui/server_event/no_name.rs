#[socket_session::server_event] //~ ERROR
struct CurrentCount(u32);

fn main() {}
