//! An HTTP client with one connection, one request at a time, and no cookies but those that it is given.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use http::{
    HeaderMap, Method, Request, StatusCode,
    header::{CONTENT_LENGTH, COOKIE, HOST, SET_COOKIE},
};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time::timeout};

/// The longest that a request may take: longer than anything a server under test may wait for.
pub const PATIENCE: Duration = Duration::from_secs(45);

/// A connection to one server, made anew when it is broken.
#[derive(Debug)]
pub struct Http {
    address: SocketAddr,
    connection: Option<SendRequest<Full<Bytes>>>,
}

/// A response, read to its end.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// There was no response.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// The request was not sent: nothing has happened.
    #[error("the server cannot be reached: {0}")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It was sent, and may have been done.
    #[error("the server did not answer: {0}")]
    Unanswered(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It was sent, and the connection is there, but [`PATIENCE`] has ended.
    #[error("the server did not answer in time")]
    Hung,
}

impl Http {
    /// A client of that server; it connects at its first request.
    pub fn new(address: SocketAddr) -> Self {
        Self { address, connection: None }
    }

    /// Sends a GET request.
    pub async fn get(&mut self, path: &str, cookie: Option<&str>) -> Result<Answer, Failed> {
        self.request(Method::GET, path, cookie, Bytes::new()).await
    }

    /// Sends a POST request without a body.
    pub async fn post(&mut self, path: &str, cookie: Option<&str>) -> Result<Answer, Failed> {
        self.request(Method::POST, path, cookie, Bytes::new()).await
    }

    /// Sends a request, and reads the whole response.
    pub async fn request(
        &mut self,
        method: Method,
        path: &str,
        cookie: Option<&str>,
        body: Bytes,
    ) -> Result<Answer, Failed> {
        let outcome = timeout(PATIENCE, self.exchange(method, path, cookie, body)).await;
        let outcome = outcome.unwrap_or_else(|_| Err(Failed::Hung));
        if outcome.is_err() {
            self.connection = None;
        }
        outcome
    }

    async fn exchange(
        &mut self,
        method: Method,
        path: &str,
        cookie: Option<&str>,
        body: Bytes,
    ) -> Result<Answer, Failed> {
        let mut request = Request::builder().method(method).uri(path).header(HOST, self.address.to_string());
        if !body.is_empty() {
            request = request.header(CONTENT_LENGTH, body.len());
        }
        if let Some(cookie) = cookie {
            request = request.header(COOKIE, cookie);
        }
        let request = request.body(Full::new(body)).map_err(|error| Failed::Unreachable(error.into()))?;
        let connection = self.connection().await?;
        let response = connection.send_request(request).await.map_err(|error| {
            if error.is_canceled() { Failed::Unreachable(error.into()) } else { Failed::Unanswered(error.into()) }
        })?;
        let (head, body) = response.into_parts();
        // The head came, and with it what was to be known: but who is cut off in the middle has no answer.
        let body = body.collect().await.map_err(|error| Failed::Unanswered(error.into()))?.to_bytes();
        Ok(Answer { status: head.status, headers: head.headers, body })
    }

    async fn connection(&mut self) -> Result<&mut SendRequest<Full<Bytes>>, Failed> {
        let usable = match self.connection.as_mut() {
            Some(connection) => connection.ready().await.is_ok(),
            None => false,
        };
        if !usable {
            let stream = TcpStream::connect(self.address).await.map_err(|error| Failed::Unreachable(error.into()))?;
            stream.set_nodelay(true).map_err(|error| Failed::Unreachable(error.into()))?;
            let (sender, connection) =
                handshake(TokioIo::new(stream)).await.map_err(|error| Failed::Unreachable(error.into()))?;
            // Its end shows at the next request.
            drop(tokio::spawn(connection));
            self.connection = Some(sender);
        }
        self.connection.as_mut().ok_or_else(|| Failed::Unreachable("no connection".into()))
    }
}

impl Answer {
    /// The cookie that it sets, as `name=value`; one that is removed counts as none.
    pub fn cookie(&self) -> Option<&str> {
        self.headers.get_all(SET_COOKIE).iter().find_map(|header| {
            let mut parts = header.to_str().ok()?.split(';').map(str::trim);
            let pair = parts.next()?;
            let removed = parts.any(|part| part.eq_ignore_ascii_case("Max-Age=0"));
            (!removed).then_some(pair)
        })
    }

    /// The body as text; what is none is empty.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap_or_default()
    }
}
