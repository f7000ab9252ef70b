use socket_session::on;

#[on(crate = ::socket_session)]
pub async fn my_event() {}

fn main() {}
