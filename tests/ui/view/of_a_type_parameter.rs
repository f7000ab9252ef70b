use socket_session::on;
use socketioxide::adapter::Adapter;

#[on("my event")]
pub async fn my_event<V: Adapter>(_view: &V) {} //~ ERROR

fn main() {}
