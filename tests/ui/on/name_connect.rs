use socket_session::on;

#[on("connect")] //~ ERROR
pub async fn my_event() {}

fn main() {}
