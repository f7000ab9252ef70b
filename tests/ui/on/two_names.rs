use socket_session::on;

#[on("add", "increment")] //~ ERROR
pub async fn add() {}

fn main() {}
