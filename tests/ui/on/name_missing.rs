use socket_session::on;

#[on]
pub async fn my_event() {}

fn main() {}
