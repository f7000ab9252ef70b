use socket_session::on;

#[on("hello")]
#[socket_session::on_connect]
pub async fn hello() {}

fn main() {}
