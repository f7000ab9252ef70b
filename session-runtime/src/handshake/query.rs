//! What a Socket.IO request asks for, by engineioxide's own rules.
//!
//! This layer and Engine.IO must read the same request: where one saw another `sid` than the other, a request could
//! pass as one connection's and act on another's. So what is ambiguous is refused.

use std::str::FromStr;

use engineioxide::{ProtocolVersion, TransportType, config::EngineIoConfig};
use http::{Method, Uri};
use socketioxide::socket::Sid;

/// A request to Engine.IO.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Asked {
    pub(super) sid: Option<Sid>,
    pub(super) transport: TransportType,
    pub(super) protocol: ProtocolVersion,
}

/// A request that Engine.IO does not understand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unclear {
    Transport,
    Sid,
    Method,
    Mismatch,
    Protocol,
}

impl Unclear {
    /// The answer that Engine.IO's protocol has for it.
    pub(super) fn body(self) -> &'static str {
        match self {
            Self::Transport => r#"{"code":0,"message":"Transport unknown"}"#,
            Self::Sid => r#"{"code":1,"message":"Session ID unknown"}"#,
            Self::Method => r#"{"code":2,"message":"Bad handshake method"}"#,
            Self::Mismatch => r#"{"code":3,"message":"Bad request"}"#,
            Self::Protocol => r#"{"code":5,"message":"Unsupported protocol version"}"#,
        }
    }
}

impl Asked {
    pub(super) fn parse(method: &Method, uri: &Uri, config: &EngineIoConfig) -> Result<Self, Unclear> {
        let query = uri.query().ok_or(Unclear::Transport)?;
        let protocol =
            single::<ProtocolVersion>(query, "EIO").map_err(|()| Unclear::Protocol)?.ok_or(Unclear::Protocol)?;
        let sid = single::<Sid>(query, "sid").map_err(|()| Unclear::Sid)?;
        let transport =
            single::<TransportType>(query, "transport").map_err(|()| Unclear::Transport)?.ok_or(Unclear::Transport)?;
        if !config.allowed_transport(transport) {
            return Err(Unclear::Mismatch);
        }
        if *method != Method::GET && sid.is_none() {
            return Err(Unclear::Method);
        }
        Ok(Self { sid, transport, protocol })
    }
}

/// The value of a parameter that may be given once, and not in disguise.
fn single<T: FromStr>(query: &str, name: &str) -> Result<Option<T>, ()> {
    let mut found = None;
    for pair in query.split('&') {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        if key == name {
            let value = value.parse().map_err(|_| ())?;
            if found.replace(value).is_some() {
                return Err(());
            }
        } else if decodes_to(key, name) {
            return Err(());
        }
    }
    Ok(found)
}

/// Whether a percent-encoded key reads as `name`.
fn decodes_to(key: &str, name: &str) -> bool {
    let mut bytes = key.bytes();
    let mut decoded = Vec::with_capacity(key.len());
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let digits = (bytes.next(), bytes.next());
        let digit = |byte: Option<u8>| {
            byte.and_then(|byte| char::from(byte).to_digit(16)).and_then(|digit| u8::try_from(digit).ok())
        };
        match (digit(digits.0), digit(digits.1)) {
            (Some(high), Some(low)) => decoded.push(high * 16 + low),
            _ => return false,
        }
    }
    key.contains('%') && decoded == name.as_bytes()
}

/// Whether a path is below Engine.IO's, by engineioxide's own rule.
pub(super) fn is_below(path: &str, root: &str) -> bool {
    path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || root.ends_with('/'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(method: &Method, query: &str) -> Result<Asked, Unclear> {
        let uri = format!("/socket.io/?{query}").parse().unwrap();
        Asked::parse(method, &uri, &EngineIoConfig::default())
    }

    #[test]
    fn a_plain_request_is_understood() {
        let asked = parse(&Method::GET, "EIO=4&transport=polling&t=abc").unwrap();
        assert_eq!((asked.sid, asked.transport), (None, TransportType::Polling));
        let sid = Sid::new();
        let asked = parse(&Method::POST, &format!("EIO=4&transport=polling&sid={sid}")).unwrap();
        assert_eq!(asked.sid, Some(sid));
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        let (one, two) = (Sid::new(), Sid::new());
        let open = "EIO=4&transport=polling";
        for query in [
            format!("{open}&sid={one}&sid={two}"),
            format!("{open}&sid={one}&s%69d={two}"),
            format!("{open}&%73%69%64={one}"),
            format!("{open}&sid="),
            format!("{open}&sid"),
            format!("{open}&sid=garbage"),
        ] {
            assert_eq!(parse(&Method::GET, &query), Err(Unclear::Sid), "{query}");
        }
        assert_eq!(parse(&Method::GET, "EIO=4&transport=polling&transport=websocket"), Err(Unclear::Transport));
    }

    #[test]
    fn what_engine_io_refuses_is_refused() {
        assert_eq!(parse(&Method::GET, "transport=polling"), Err(Unclear::Protocol));
        assert_eq!(parse(&Method::GET, "EIO=2&transport=polling"), Err(Unclear::Protocol));
        assert_eq!(parse(&Method::GET, "EIO=4&transport=grpc"), Err(Unclear::Transport));
        assert_eq!(parse(&Method::POST, "EIO=4&transport=polling"), Err(Unclear::Method));
    }

    #[test]
    fn paths_are_matched_as_engine_io_matches_them() {
        assert!(is_below("/socket.io", "/socket.io") && is_below("/socket.io/", "/socket.io"));
        assert!(is_below("/socket.io/x", "/socket.io") && !is_below("/socket.iox", "/socket.io"));
    }

    proptest! {
        #[test]
        fn whatever_is_asked_it_is_answered(query in ".{0,80}") {
            let _ = single::<Sid>(&query, "sid");
        }

        #[test]
        fn the_sid_that_is_read_is_the_only_one(pairs in prop::collection::vec(("(sid|s%69d|%73id|t|EIO)", "[A-Za-z0-9_-]{16}"), 1..6)) {
            let query = pairs.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join("&");
            if let Ok(Some(_)) = single::<Sid>(&query, "sid") {
                prop_assert_eq!(query.matches("sid=").count(), 1);
                prop_assert!(!query.contains('%'));
            }
        }
    }
}
