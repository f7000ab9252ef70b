use socket_session::on;

#[on(crate = ::socket_session)] //~ ERROR
pub async fn my_event() {}

fn main() {}
