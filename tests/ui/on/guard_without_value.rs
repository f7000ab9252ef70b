use socket_session::on;

#[on("my event", guard)] //~ ERROR
pub async fn my_event() {}

fn main() {}
