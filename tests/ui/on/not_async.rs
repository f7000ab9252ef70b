use socket_session::on;

#[on("my event")]
pub fn my_event() {} //~ ERROR

fn main() {}
