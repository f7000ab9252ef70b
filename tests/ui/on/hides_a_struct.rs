use socket_session::{on, socket_session};

#[socket_session]
pub struct Visit {
    pub count: u32,
}

#[allow(non_snake_case)]
#[on("visit")]
pub async fn Visit(_visit: &Visit) {} //~ ERROR

fn main() {}
