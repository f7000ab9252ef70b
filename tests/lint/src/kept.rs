//! Near `stale/*`: what may leave a handler is what is no session any more, a value that was taken out of it.

use std::{
    mem,
    sync::{Mutex, PoisonError},
};

use socket_session::{AfterSave, Session, SessionError, on, socket_events, socket_session};

/// Somebody wants copies of it, and says so.
#[socket_session]
#[derive(Clone, Debug)]
pub struct Visit {
    /// So far.
    pub count: u32,
    /// Of the visitor.
    pub name: String,
}

/// Values, and no views.
static COUNTS: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// A field that was copied may be kept.
#[on("copied")]
pub async fn copied(visit: &Visit) {
    COUNTS.lock().unwrap_or_else(PoisonError::into_inner).push(visit.count);
}

/// So may a copy of the whole, which saves nothing.
#[on("cloned")]
pub async fn cloned(visit: &mut Visit) {
    let copy = visit.clone();
    drop(tokio::spawn(async move { copy.count }));
    visit.count += 1;
}

/// The view lives through every await of the handler, and whoever is called there may have it.
#[on("lent")]
pub async fn lent(visit: &mut Visit) -> u32 {
    count(visit).await;
    let (first, second) = tokio::join!(read(visit), read(visit));
    first + second
}

/// Lent.
async fn count(visit: &mut Visit) {
    visit.count += 1;
}

/// Lent twice.
async fn read(visit: &Visit) -> u32 {
    visit.count
}

/// What happens after the save has values of its own.
#[on("after")]
pub async fn after(visit: &mut Visit, after: AfterSave) {
    let name = visit.name.clone();
    after.run(async move {
        drop(name);
    });
}

#[socket_events]
impl Visit {
    /// The same with `self`.
    #[on("self")]
    async fn taken(&mut self) -> usize {
        let name = mem::take(&mut self.name);
        tokio::spawn(async move { name.len() }).await.unwrap_or_default()
    }
}

/// A value may be returned from an update.
pub async fn update(session: Session<Visit>) -> Result<String, SessionError> {
    session.update(|visit| visit.name.clone()).await
}
