use socket_session::on;
use socketioxide::extract::Data;
use std::borrow::Cow;

#[on("my event")]
pub async fn my_event(_name: Data<Cow<'_, str>>) {} //~ ERROR

fn main() {}
