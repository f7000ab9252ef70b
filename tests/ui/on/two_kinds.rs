use socket_session::on;

#[on("hello")]
#[socket_session::on_connect] //~ ERROR
pub async fn hello() {}

fn main() {}
