use socket_session::on;

#[on("my event")]
pub const async fn my_event() {}

fn main() {}
