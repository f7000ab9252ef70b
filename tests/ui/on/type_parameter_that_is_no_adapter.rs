use socket_session::on;
use socketioxide::extract::Data;

#[on("my event")]
pub async fn my_event<T: Default>(_value: Data<T>) {} //~ ERROR

fn main() {}
