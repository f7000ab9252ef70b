use socket_session::on;

#[on("my event")]
pub async fn my_event(_text: &str) {} //~ ERROR

fn main() {}
