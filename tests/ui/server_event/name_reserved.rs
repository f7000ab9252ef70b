#[socket_session::server_event("session_error")]
struct Failed(String);

fn main() {}
