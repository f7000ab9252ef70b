use socket_session::on;

#[on("my event", guard)]
pub async fn my_event() {}

fn main() {}
