use socket_session::{socket_events, socket_session};
use socketioxide::extract::AckSender;

#[socket_session]
pub struct Visit {
    pub count: u32,
}

#[socket_events]
impl Visit {
    #[on("my event")]
    pub async fn my_event(&mut self, _ack: AckSender) { //~ ERROR
        self.count += 1;
    }
}

fn main() {}
