use socket_session::on;

#[on("add")]
#[on("increment")] //~ ERROR
pub async fn add() {}

fn main() {}
