//! The Socket.IO client for the page, out of the npm package of that name.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use axum::{Router, http::header::CONTENT_TYPE, routing::get};

/// Where `package.json` names the client's version.
const DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../guide"); // examples/cluster has this file too
const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };

/// Serves the client where pages expect it. Where it cannot be had, the page takes it from a public CDN.
pub(crate) fn serve(app: Router) -> Router {
    let (code, map) = match client(Path::new(DIRECTORY), NPM) {
        Ok(files) => files,
        Err(reason) => {
            eprintln!("note: {reason}, so the page loads the Socket.IO client from a public CDN");
            return app;
        }
    };
    app.route("/socket.io/socket.io.js", get(([(CONTENT_TYPE, "text/javascript")], code)))
        .route("/socket.io/socket.io.min.js.map", get(([(CONTENT_TYPE, "application/json")], map)))
}

fn client(directory: &Path, npm: &str) -> Result<(String, String), String> {
    // Two programs that start at once would take the package away from each other.
    let _turn = fs::File::open(directory).and_then(|opened| opened.lock().map(|()| opened));

    let dist = directory.join("node_modules/socket.io-client/dist");
    if !dist.exists() {
        install(directory, npm)?;
    }
    let read = |name: &str| fs::read_to_string(dist.join(name)).map_err(|error| format!("{name}: {error}"));
    Ok((read("socket.io.min.js")?, read("socket.io.min.js.map")?))
}

/// Fetches the package, once; the lock file says which, and nothing of it is run.
fn install(directory: &Path, npm: &str) -> Result<(), String> {
    eprintln!("fetching the Socket.IO client with `npm ci`, this once");
    let output = Command::new(npm)
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1", "--fetch-timeout=30000"])
        .current_dir(directory)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("`{npm}` cannot be started ({error})"))?;
    if output.status.success() { Ok(()) } else { Err(format!("`{npm} ci` failed ({})", output.status)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_why_there_is_no_client() {
        let directory = std::env::temp_dir().join(format!("guide-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let missing = client(&directory, "no-such-npm").unwrap_err();
        assert!(missing.starts_with("`no-such-npm` cannot be started"), "{missing}");
        // there is nothing that it could install
        let failed = client(&directory, NPM).unwrap_err();
        fs::remove_dir_all(&directory).unwrap();
        assert!(failed.contains("npm"), "{failed}");
    }
}
