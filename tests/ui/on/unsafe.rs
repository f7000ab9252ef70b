use socket_session::on;

#[on("my event")]
pub async unsafe fn my_event() {} //~ ERROR

fn main() {}
