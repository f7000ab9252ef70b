use socket_session::on;

#[on("removeListener")] //~ ERROR
pub async fn my_event() {}

fn main() {}
