use socket_session::on;

#[on("my event")]
pub async fn my_event(_view: &dyn std::fmt::Debug) {} //~ ERROR

fn main() {}
