use socket_session::on;

const EVENT: &str = "my event";

#[on(EVENT)] //~ ERROR
pub async fn my_event() {}

fn main() {}
