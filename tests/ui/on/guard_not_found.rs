use socket_session::on;

#[on("my event", guard = is_admin)] //~ ERROR
pub async fn my_event() {}

fn main() {}
