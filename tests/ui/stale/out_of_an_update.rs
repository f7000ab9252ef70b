use socket_session::{Session, SessionError, socket_session};

#[socket_session]
pub struct Visit {
    pub count: u32,
}

pub async fn last(session: Session<Visit>) -> Result<(), SessionError> {
    let mut last = None;
    session.update(|visit| last = Some(visit)).await?; //~ ERROR
    last.unwrap().count += 1;
    Ok(())
}

fn main() {}
