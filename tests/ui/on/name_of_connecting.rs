use socket_session::on;

#[on("connection")]
pub async fn hello() {}

fn main() {}
