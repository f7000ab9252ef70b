use socket_session::on;

#[on("connect_error")] //~ ERROR
pub async fn my_event() {}

fn main() {}
