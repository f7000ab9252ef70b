use socket_session::on;

#[on("my event")]
pub async fn my_event(_: ...) {} //~ ERROR //~ COMPILER //~ COMPILER //~ COMPILER //~ COMPILER

fn main() {}
