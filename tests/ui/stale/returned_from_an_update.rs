use socket_session::{Session, SessionError, socket_session};

#[socket_session]
pub struct Visit {
    pub count: u32,
}

pub async fn count(session: Session<Visit>) -> Result<(), SessionError> {
    let count = session.update(|visit| &mut visit.count).await?; //~ ERROR
    *count += 1;
    Ok(())
}

fn main() {}
