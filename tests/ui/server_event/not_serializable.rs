#[socket_session::server_event("moved")]
struct Moved { //~ ERROR
    _to: u32,
}

fn main() {}
