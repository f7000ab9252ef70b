use socket_session::on;

#[on("newListener")]
pub async fn listener() {}

fn main() {}
