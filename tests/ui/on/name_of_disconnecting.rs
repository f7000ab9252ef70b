use socket_session::on;

#[on("disconnect")] //~ ERROR
pub async fn bye() {}

fn main() {}
