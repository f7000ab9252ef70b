use socket_session::{on, socket_session};
use socketioxide::extract::AckSender;

#[socket_session]
pub struct Visit {
    pub count: u32,
}

#[on("my event")]
pub async fn my_event(_visit: &mut Visit, _ack: AckSender) {} //~ ERROR

fn main() {}
