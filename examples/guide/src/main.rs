//! The guide "How to use with express-session" as one program: axum and Socket.IO share a typed session.
//!
//! `cargo run -p guide` starts it; the files follow the way of a visitor: [`http`] logs in, [`events`] counts.

mod client;
mod events;
mod http;
mod namespaces;
mod options;
mod signal;
mod store;
mod visit;

use std::{error::Error, process::ExitCode, time::Duration};

use socket_session::{Expiry, Handshake, MemoryStore, Sessions};
use socketioxide::SocketIo;
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

use crate::options::Options;

/// For how long handlers may go on when the program is told to end.
const GRACE: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match Options::read() {
        Ok(options) => serve(options).await,
        Err(message) => Err(message.into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The events of `/` in TypeScript: `events.d.ts` beside this program.
fn print_types() -> Result<(), Box<dyn Error>> {
    let (_, io) = SocketIo::new_layer();
    let sessions = Sessions::builder(MemoryStore::default()).build(&io);
    print!("{}", namespaces::members(&sessions).typescript()?);
    Ok(())
}

async fn serve(options: Options) -> Result<(), Box<dyn Error>> {
    if options.types {
        return print_types();
    }
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();

    let (io_layer, io) = SocketIo::new_layer();

    let mut sessions = options
        .store
        .sessions()
        .await?
        // not only over https, so that it works on http://localhost in every browser
        .http(|cookies| cookies.with_name("sid").with_secure(false));
    if let Some(ttl) = options.ttl {
        sessions = sessions.expiry(Expiry::OnInactivity(ttl));
    }
    if options.create {
        // the guide's second use case: a visitor's first connection creates the session
        sessions = sessions.handshake(Handshake::Create);
    }
    let sessions = sessions.build(&io);

    io.ns("/", namespaces::members(&sessions));
    io.ns("/visitors", namespaces::visitors(&sessions));

    let listener = TcpListener::bind(&options.listen)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}", options.listen))?;

    // The client's routes come after the layer, and so are outside of it: Socket.IO answers all the rest below
    // `/socket.io`.
    let app = client::serve(http::routes().layer(sessions.layer(io_layer)));

    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app)
        .with_graceful_shutdown(async move {
            signal::to_end().await;
            let left = sessions.shutdown(GRACE).await;
            tracing::info!(handlers = left, "ended; what still ran is rolled back");
        })
        .await?;
    Ok(())
}
