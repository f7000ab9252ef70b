use socket_session::on;

#[on("newListener")] //~ ERROR
pub async fn listener() {}

fn main() {}
