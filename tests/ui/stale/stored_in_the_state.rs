use socket_session::{on, socket_session};
use socketioxide::extract::State;
use std::sync::{Arc, Mutex};

#[socket_session]
pub struct Visit {
    pub count: u32,
}

#[derive(Clone)]
pub struct Visits(pub Arc<Mutex<Vec<&'static Visit>>>);

#[on("my event")]
pub async fn my_event(visit: &Visit, State(visits): State<Visits>) {
    visits.0.lock().unwrap().push(visit); //~ ERROR
}

fn main() {}
