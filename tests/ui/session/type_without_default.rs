use socket_session::socket_session;

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub enum Unit {
    Euro,
}

#[socket_session]
pub struct Visit {
    pub unit: Unit, //~ ERROR
    pub count: u32,
}

fn main() {}
