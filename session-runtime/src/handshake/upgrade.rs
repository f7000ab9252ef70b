//! A WebSocket handshake, as far as Engine.IO leaves it to others.

use base64::Engine as _;
use http::{HeaderValue, header};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// A WebSocket handshake (RFC 6455, section 4.2.1), as far as Engine.IO leaves it to others.
pub(super) struct Upgrade {
    pub(super) accept: HeaderValue,
}

impl Upgrade {
    pub(super) fn of(parts: &http::request::Parts) -> Option<Self> {
        parts.extensions.get::<hyper::upgrade::OnUpgrade>()?;
        let says = |name, what: &str| {
            let value = parts.headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
            value.is_some_and(|value| value.split(',').any(|part| part.trim().eq_ignore_ascii_case(what)))
        };
        if !says(header::UPGRADE, "websocket") || !says(header::SEC_WEBSOCKET_VERSION, "13") {
            return None;
        }
        let key = parts.headers.get(header::SEC_WEBSOCKET_KEY)?;
        // 16 random bytes
        base64::prelude::BASE64_STANDARD.decode(key).ok().filter(|bytes| bytes.len() == 16)?;
        let accept = HeaderValue::from_str(&derive_accept_key(key.as_bytes())).ok()?;
        Some(Self { accept })
    }
}
