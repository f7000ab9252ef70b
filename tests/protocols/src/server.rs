//! What the checks of the protocols talk to: the same handlers on socketioxide alone, and with this library's layer.

#![expect(clippy::unused_async, reason = "event handlers are async, whatever they do")]

use std::{error::Error, net::SocketAddr, time::Duration};

use axum::{Router, http::StatusCode, routing::post};
use bytes::Bytes;
use serde_json::Value;
use socket_session::{MemoryStore, Session, SessionError, Sessions, on, on_connect, socket_session};
use socketioxide::{
    SocketIo, SocketIoBuilder,
    extract::{AckSender, Data, SocketRef},
};

#[derive(clap::Parser)]
pub(crate) struct Options {
    #[arg(long)]
    listen: SocketAddr,
    /// socketioxide's own layer, in place of this library's
    #[arg(long)]
    alone: bool,
    #[arg(long, value_name = "MS", default_value = "25000")]
    ping_interval: u64,
    #[arg(long, value_name = "MS", default_value = "20000")]
    ping_timeout: u64,
    #[arg(long, value_name = "MS", default_value = "45000")]
    connect_timeout: u64,
}

/// The namespaces that exist.
const NAMESPACES: [&str; 2] = ["/", "/custom"];

type Three = (Value, Value, Value);
type Two = (Bytes, Bytes);

#[socket_session]
pub(crate) struct Visit {
    authenticated: bool,
    count: u32,
    visits: u32,
}

/// Tells the client what it has sent with its CONNECT packet.
#[on_connect]
async fn connected(socket: SocketRef, Data(auth): Data<Value>) {
    drop(socket.emit("auth", &auth));
}

#[on("message")]
async fn message(socket: SocketRef, Data(data): Data<Three>) {
    drop(socket.emit("message-back", &data));
}

#[on("binary")]
async fn binary(socket: SocketRef, Data(data): Data<Two>) {
    drop(socket.emit("binary-back", &data));
}

#[on("message-with-ack")]
async fn message_with_ack(Data(data): Data<Value>) -> Value {
    data
}

#[on("binary-with-ack")]
async fn binary_with_ack(Data(data): Data<Bytes>) -> Bytes {
    data
}

#[on("incr")]
async fn incr(visit: &mut Visit) -> u32 {
    visit.count += 1;
    visit.count
}

async fn visit(session: Session<Visit>) -> Result<StatusCode, SessionError> {
    session.update(|visit| visit.visits += 1).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn login(session: Session<Visit>) -> Result<StatusCode, SessionError> {
    session.rotate_with(|visit| visit.authenticated = true).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn logout(session: Session<Visit>) -> Result<StatusCode, SessionError> {
    session.destroy().await?;
    Ok(StatusCode::NO_CONTENT)
}

impl Options {
    pub(crate) async fn serve(
        self,
        configure: impl FnOnce(SocketIoBuilder) -> SocketIoBuilder,
    ) -> Result<(), Box<dyn Error>> {
        let builder = SocketIo::builder()
            .ping_interval(Duration::from_millis(self.ping_interval))
            .ping_timeout(Duration::from_millis(self.ping_timeout))
            .connect_timeout(Duration::from_millis(self.connect_timeout));
        let (io_layer, io) = configure(builder).build_layer();
        let app = if self.alone {
            alone(&io);
            Router::new().layer(io_layer)
        } else {
            let sessions = Sessions::builder(MemoryStore::default())
                .http(|cookies| cookies.with_name("sid").with_secure(false))
                .build(&io);
            with_sessions(&io, &sessions);
            let router = Router::new().route("/visit", post(visit)).route("/login", post(login));
            router.route("/logout", post(logout)).layer(sessions.layer(io_layer))
        };
        let listener = tokio::net::TcpListener::bind(self.listen).await?;
        println!("listening on http://{}", listener.local_addr()?);
        axum::serve(listener, app).await?;
        Ok(())
    }
}

fn with_sessions(io: &SocketIo, sessions: &Sessions) {
    for path in NAMESPACES {
        io.ns(
            path,
            sessions
                .namespace()
                .on_connect::<connected>()
                .on::<message>()
                .on::<binary>()
                .on::<message_with_ack>()
                .on::<binary_with_ack>()
                .on::<incr>(),
        );
    }
    let guarded = sessions.namespace().guard("unauthorized", |visit: &Visit| visit.authenticated);
    io.ns("/members", guarded.on::<incr>());
}

/// The same functions, as socketioxide's own handlers.
fn alone(io: &SocketIo) {
    for path in NAMESPACES {
        io.ns(path, async |socket: SocketRef, auth: Data<Value>| {
            socket.on("message", message);
            socket.on("binary", binary);
            socket.on("message-with-ack", async |data: Data<Value>, ack: AckSender| {
                drop(ack.send(&(message_with_ack(data).await,)));
            });
            socket.on("binary-with-ack", async |data: Data<Bytes>, ack: AckSender| {
                drop(ack.send(&(binary_with_ack(data).await,)));
            });
            connected(socket, auth).await;
        });
    }
}
