#[socket_session::server_event("renamed")]
struct Renamed<'a>(&'a str); //~ ERROR

fn main() {}
