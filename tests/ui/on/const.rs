use socket_session::on;

#[on("my event")]
pub const async fn my_event() {} //~ ERROR //~ COMPILER

fn main() {}
