use socket_session::on;

#[on("my event")]
pub async fn my_event(_by: u32) {} //~ ERROR

fn main() {}
