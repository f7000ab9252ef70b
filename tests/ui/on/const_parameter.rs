use socket_session::on;

#[on("my event")]
pub async fn my_event<const N: usize>() {} //~ ERROR

fn main() {}
