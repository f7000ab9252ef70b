use socket_session::on;

#[on("my event")]
pub async fn my_event(_bytes: &[u8]) {} //~ ERROR

fn main() {}
