use socket_session::{Session, on, socket_session};

#[socket_session]
pub struct Visit {
    pub count: u32,
}

#[on("my event")]
pub async fn my_event(_visit: &mut Visit, _session: Session<Visit>) {} //~ ERROR

fn main() {}
