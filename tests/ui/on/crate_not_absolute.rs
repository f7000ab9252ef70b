use socket_session::on;

#[on("my event", crate = socket_session)] //~ ERROR
pub async fn my_event() {}

fn main() {}
