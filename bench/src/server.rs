//! One counter, three times: with socketioxide alone, by hand on tower-sessions, and with this library. Each counts the
//! event `my event` and acknowledges it with the count, and has nine events more that nobody sends; `POST /login` comes
//! before.

mod alone;
mod by_hand;
mod library;

use std::{error::Error, net::SocketAddr};

use axum::{Router, serve::ListenerExt as _};
use clap::{Parser, ValueEnum};
use tokio::net::TcpListener;

#[derive(Parser)]
struct Options {
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// How the counter is written
    #[arg(long, value_enum)]
    how: How,
    /// Where the sessions are kept: memory, redis://…, sqlite:…, postgres://…
    #[arg(long, default_value = "memory")]
    store: String,
}

#[derive(Clone, Copy, ValueEnum)]
enum How {
    /// socketioxide, and no session
    Alone,
    /// tower-sessions: load, get, insert, save
    ByHand,
    /// socket-session
    Library,
}

/// Serves, with those routes too.
pub async fn run(routes: Router) -> Result<(), Box<dyn Error>> {
    let Options { listen, how, store } = Options::parse();
    let app: Router = match how {
        How::Alone => alone::app(),
        How::ByHand => by_hand::app(&store).await?,
        How::Library => library::app(&store).await?,
    };
    let listener = TcpListener::bind(listen).await?;
    println!("listening on http://{}", listener.local_addr()?);
    // as Node does: an answer waits for nothing
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    axum::serve(listener, routes.merge(app)).await?;
    Ok(())
}
