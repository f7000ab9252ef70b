use socket_session::on;

use socketioxide::extract::Event;

#[on("my event")]
pub async fn my_event(#[cfg(all())] _event: Event) {} //~ ERROR

fn main() {}
