use socket_session::on;
use socketioxide::extract::Data;

#[on("my event")]
pub async fn my_event(_name: Data<&str>) {} //~ ERROR

fn main() {}
