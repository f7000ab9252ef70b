use socket_session::on_disconnect;
use socketioxide::extract::Data;

#[on_disconnect]
pub async fn bye(_data: Data<u32>) {} //~ ERROR

fn main() {}
