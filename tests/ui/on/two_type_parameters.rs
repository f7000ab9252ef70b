use socket_session::on;

#[on("my event")]
pub async fn my_event<A, T>() {} //~ ERROR

fn main() {}
