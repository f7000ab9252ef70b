use socket_session::on;

#[on("add")]
#[on("increment")]
pub async fn add() {}

fn main() {}
