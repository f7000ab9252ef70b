use socket_session::on;

#[on("char")]
pub async fn char() {} //~ ERROR

fn main() {}
