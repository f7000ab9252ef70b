//! What a polling client hears last.
//!
//! Engine.IO answers a poll with the first packet that comes. When a session has ended there are two: why it has, and that
//! the socket is disconnected. But a browser that has logged out has no cookie any more, and its next poll would not be
//! known as its own. So it gets both with the poll that it has open.

use std::time::Duration;

use bytes::{BufMut as _, Bytes, BytesMut};
use http::{Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Empty};
use socketioxide::adapter::Adapter;
use tokio::time::timeout;

use super::{
    body::Body,
    sockets::{EngineBody, Sockets},
};

/// How many packets may follow the first one: for each namespace two.
const FOLLOWING: usize = 16;
/// For how long they are waited for: they are made together.
const AT_ONCE: Duration = Duration::from_millis(10);
/// Between the packets of one poll, in protocol 4. In protocol 3 each begins with its length.
const SEPARATOR: u8 = 0x1e;

impl<A: Adapter> Sockets<A> {
    /// Adds what follows at once to the answer of a poll.
    pub(super) async fn with_the_rest<R>(&self, poll: Uri, response: Response<EngineBody>) -> Response<Body<R>> {
        if response.status() != StatusCode::OK {
            return response.map(Body::socket);
        }
        let is_v3 = poll.query().is_some_and(|query| query.split('&').any(|pair| pair == "EIO=3"));
        let (mut parts, body) = response.into_parts();
        let mut packets = BytesMut::from(&*read(body).await);
        for _ in 0..FOLLOWING {
            let request = Request::get(poll.clone()).body(Empty::new().map_err(|never| match never {}).boxed_unsync());
            let Ok(request) = request else {
                break;
            };
            let Ok(next) = timeout(AT_ONCE, self.engine(request)).await else {
                break;
            };
            if next.status() != StatusCode::OK {
                break;
            }
            if !is_v3 {
                packets.put_u8(SEPARATOR);
            }
            packets.extend_from_slice(&read(next.into_body()).await);
        }
        parts.headers.remove(header::CONTENT_LENGTH);
        Response::from_parts(parts, Body::text(packets.freeze()))
    }
}

async fn read(body: EngineBody) -> Bytes {
    body.collect().await.unwrap_or_else(|never| match never {}).to_bytes()
}
