#[socket_session::server_event("session_error")] //~ ERROR
struct Failed(String);

fn main() {}
