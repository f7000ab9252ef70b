#[socket_session::server_event]
struct CurrentCount(u32);

fn main() {}
