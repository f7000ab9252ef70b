use socket_session::on;

#[on(my_event)]
pub async fn my_event() {}

fn main() {}
