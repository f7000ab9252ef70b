use socket_session::on;

#[on("my event", prefix = "cart.")] //~ ERROR
pub async fn my_event() {}

fn main() {}
