use socket_session::on_connect;
use socketioxide::extract::Event;

#[on_connect]
pub async fn hello(_event: Event) {} //~ ERROR

fn main() {}
