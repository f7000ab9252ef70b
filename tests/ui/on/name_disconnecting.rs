use socket_session::on;

#[on("disconnecting")] //~ ERROR
pub async fn my_event() {}

fn main() {}
