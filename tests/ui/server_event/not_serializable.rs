#[socket_session::server_event("moved")]
struct Moved {
    _to: u32,
}

fn main() {}
