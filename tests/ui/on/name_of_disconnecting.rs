use socket_session::on;

#[on("disconnect")]
pub async fn bye() {}

fn main() {}
