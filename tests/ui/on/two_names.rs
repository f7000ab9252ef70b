use socket_session::on;

#[on("add", "increment")]
pub async fn add() {}

fn main() {}
