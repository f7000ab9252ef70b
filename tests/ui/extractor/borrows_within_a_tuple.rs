use socket_session::on;
use socketioxide::extract::Data;

#[on("my event")]
pub async fn my_event(_entry: Data<(&str, u32)>) {} //~ ERROR

fn main() {}
