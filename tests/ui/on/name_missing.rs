use socket_session::on;

#[on] //~ ERROR
pub async fn my_event() {}

fn main() {}
