use socket_session::on;

#[on("connection")] //~ ERROR
pub async fn hello() {}

fn main() {}
