use socket_session::{on, socket_session};
use socketioxide::extract::State;
use std::sync::mpsc::Sender;

#[socket_session]
pub struct Visit {
    pub count: u32,
}

#[on("my event")]
pub async fn my_event(visit: &Visit, State(visits): State<Sender<&'static Visit>>) { //~ ERROR
    let _ = visits.send(visit);
}

fn main() {}
