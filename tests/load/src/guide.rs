//! What a client of `examples/guide` asks for besides counting.

use std::time::Duration;

use http::StatusCode;
use tokio::time::{Instant, sleep};

use crate::{Http, Result};

/// What is dead comes back, and a lease ends; then there are answers.
const RECOVERY: Duration = Duration::from_secs(90);

/// Logs in as a new visitor, and returns the cookie.
pub async fn login(http: &mut Http) -> Result<String> {
    let answer = http.post("/login", None).await?;
    match (answer.status, answer.cookie()) {
        (StatusCode::NO_CONTENT, Some(cookie)) => Ok(cookie.to_owned()),
        _ => Err(format!("the login got {}", answer.status).into()),
    }
}

/// The count of the session that the cookie names, if it lives. It is asked until there is an answer.
pub async fn count(http: &mut Http, cookie: &str) -> Result<Option<u64>> {
    let patience = Instant::now() + RECOVERY;
    loop {
        match http.get("/session", Some(cookie)).await {
            Ok(answer) if answer.status == StatusCode::OK => {
                let session: serde_json::Value = serde_json::from_slice(&answer.body)?;
                let lives = session.get("authenticated").and_then(serde_json::Value::as_bool) == Some(true);
                let count = session.get("count").and_then(serde_json::Value::as_u64);
                return Ok(count.filter(|count| lives || *count > 0));
            }
            // It has ended, and this request knows.
            Ok(answer) if answer.status == StatusCode::UNAUTHORIZED => return Ok(None),
            answer if Instant::now() > patience => return Err(format!("a node does not recover: {answer:?}").into()),
            _ => sleep(Duration::from_millis(100)).await,
        }
    }
}
