use socket_session::on;

#[on("my event")]
pub async fn my_event(_: ...) {}

fn main() {}
