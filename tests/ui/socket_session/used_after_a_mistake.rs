// Only the mistake is reported, and not every use of the struct.
use socket_session::{Session, SessionError, on, socket_session};

#[socket_session(prefx = "a.")] //~ ERROR
pub struct Visit {
    pub count: u32,
}

#[on("my event")]
pub async fn my_event(visit: &mut Visit) -> u32 {
    visit.count += 1;
    visit.count
}

pub async fn incr(session: Session<Visit>) -> Result<u32, SessionError> {
    session.set_count(1).await?;
    session.update(|visit| visit.count).await
}

fn main() {}
