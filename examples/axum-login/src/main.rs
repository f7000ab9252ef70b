//! axum-login and Socket.IO: one login for HTTP and sockets.
//!
//! `cargo run -p axum-login-example` starts it. [`users`] is what axum-login asks, [`http`] logs in and out, and
//! [`events`] lets nobody in but those who are logged in.

mod events;
mod http;
mod login;
mod users;

use std::{error::Error, process::ExitCode};

use axum_login::AuthManager;
use clap::Parser;
use socket_session::{MemoryStore, Sessions, tower_sessions::cookie::SameSite};
use socketioxide::SocketIo;
use tokio::net::TcpListener;
use tower_layer::layer_fn;
use tracing_subscriber::EnvFilter;

use crate::{
    events::{connected, member, say},
    users::Users,
};

/// axum-login and Socket.IO: one login for HTTP and sockets
#[derive(Parser)]
struct Options {
    /// Where to listen; with port 0 a free one is taken
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:3000")]
    listen: String,
}

#[tokio::main]
async fn main() -> ExitCode {
    match serve(Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(options: Options) -> Result<(), Box<dyn Error>> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();

    let users = Users::with([("alice", "wonderland"), ("bob", "can we fix it")]).await?;
    let (io_layer, io) = SocketIo::builder().with_state(users.clone()).build_layer();
    let sessions = Sessions::builder(MemoryStore::default())
        // not only over https, so that it works on http://localhost in every browser
        .http(|cookies| cookies.with_name("sid").with_secure(false).with_same_site(SameSite::Lax))
        .build(&io);

    io.ns("/", sessions.namespace().guard_with::<member>("log in first").on_connect::<connected>().on::<say>());

    // `AuthManagerLayer` would bring a session manager of its own; the session is there already
    let auth = layer_fn(move |inner| AuthManager::new(inner, users.clone(), login::KEY));
    let app = http::routes(io).layer(auth).layer(sessions.layer(io_layer));

    let listener = TcpListener::bind(&options.listen)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}", options.listen))?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}
