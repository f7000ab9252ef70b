use socket_session::on;

#[on("my event")]
pub async extern "C" fn my_event() {} //~ ERROR

fn main() {}
