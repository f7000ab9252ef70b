use socket_session::on;

#[on("my event")]
pub async fn my_event(_by: impl Into<u32>) {} //~ ERROR

fn main() {}
