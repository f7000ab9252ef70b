#![deny(dead_code)]

use socket_session::on;

#[on("my event")]
async fn my_event() {} //~ ERROR

fn main() {}
