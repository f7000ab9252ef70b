//! When the program is to end.

use tokio::signal;

/// Waits for Ctrl-C, or for the signal of who started it.
pub(crate) async fn to_end() {
    #[cfg(unix)]
    match signal::unix::signal(signal::unix::SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = terminate.recv() => {}
                () = ctrl_c() => {}
            }
        }
        Err(error) => {
            tracing::warn!(%error, "nothing is heard of SIGTERM");
            ctrl_c().await;
        }
    }
    #[cfg(not(unix))]
    ctrl_c().await;
}

async fn ctrl_c() {
    if let Err(error) = signal::ctrl_c().await {
        tracing::warn!(%error, "nothing is heard of Ctrl-C");
        std::future::pending::<()>().await;
    }
}
