use socket_session::on;

#[on("my event", prefix = "cart.")]
pub async fn my_event() {}

fn main() {}
