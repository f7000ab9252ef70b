use socket_session::guard;
use socketioxide::extract::Event;

#[guard]
pub async fn knows(_event: Event) -> bool { //~ ERROR
    true
}

fn main() {}
