#[socket_session::server_event("current count")]
enum CurrentCount {} //~ ERROR

fn main() {}
