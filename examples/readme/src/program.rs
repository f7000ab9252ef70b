use axum::{Router, http::StatusCode, routing::post};
use socket_session::{AfterSave, MemoryStore, Session, SessionError, Sessions, on, socket_session};
use socketioxide::{SocketIo, extract::Data};

/// What this application keeps in a session.
#[socket_session]
pub struct Visit {
    pub authenticated: bool,
    pub count: u32,
}

/// `&mut Visit`: loaded fresh before, saved after; nobody else changes the session meanwhile.
/// What it returns is the acknowledgement, sent once the session is saved.
#[on("my event")]
async fn my_event(visit: &mut Visit) -> u32 {
    visit.count += 1;
    visit.count
}

/// Any socketioxide extractor may follow. An `Err` saves nothing and reaches the client as an error;
/// what is given to `AfterSave` happens after the save, or not at all.
#[on("add")]
async fn add(visit: &mut Visit, Data(by): Data<u32>, after: AfterSave) -> Result<u32, &'static str> {
    visit.count = visit.count.checked_add(by).ok_or("the count is full")?;
    after.emit("current count", &visit.count);
    Ok(visit.count)
}

/// `&Visit`: a fresh read that is never written back.
#[on("whoami")]
async fn whoami(visit: &Visit) -> bool {
    visit.authenticated
}

async fn login(session: Session<Visit>) -> Result<StatusCode, SessionError> {
    // a new id, so that a planted one is worth nothing
    session.rotate_with(|visit| visit.authenticated = true).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn incr(session: Session<Visit>) -> Result<String, SessionError> {
    let count = session.update(|visit| { visit.count += 1; visit.count }).await?;
    // to every socket of this session
    session.emit("current count", &count).await?;
    Ok(count.to_string())
}

async fn logout(session: Session<Visit>) -> Result<StatusCode, SessionError> {
    // and disconnects its sockets, on every node
    session.destroy().await?;
    Ok(StatusCode::NO_CONTENT)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (io_layer, io) = SocketIo::new_layer();
    let sessions = Sessions::builder(MemoryStore::default())
        .http(|cookies| cookies.with_name("sid").with_secure(false))
        .build(&io);

    io.ns("/", sessions.namespace()
        .guard("unauthorized", |visit: &Visit| visit.authenticated)
        .on::<my_event>()
        .on::<add>()
        .on::<whoami>());

    let app = Router::new()
        .route("/login", post(login))
        .route("/incr", post(incr))
        .route("/logout", post(logout))
        .layer(sessions.layer(io_layer));

    axum::serve(tokio::net::TcpListener::bind("127.0.0.1:3000").await?, app).await?;
    Ok(())
}
