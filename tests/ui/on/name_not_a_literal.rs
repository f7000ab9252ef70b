use socket_session::on;

#[on(my_event)] //~ ERROR
pub async fn my_event() {}

fn main() {}
