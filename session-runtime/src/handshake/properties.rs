//! What holds for the parsers of a handshake, whatever a client sends: asked by property tests here, and by the fuzz targets
//! in `fuzz/`. Each of these panics where it does not hold.

#![expect(clippy::missing_panics_doc, reason = "to panic is what they are for")]

use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use engineioxide::config::EngineIoConfig;
use futures_util::FutureExt as _;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use tower_sessions::{SessionManagerLayer, cookie::Key};

use super::{
    Origins,
    query::{Asked, is_below},
};
use crate::{cookies::Cookies, shared::SharedStore};

/// What is let through is read by Engine.IO in the same way, and could not be read in another.
pub fn query(text: &str) {
    let Ok(uri) = format!("/socket.io/?{text}").parse::<Uri>() else { return };
    let Ok(asked) = Asked::parse(&Method::GET, &uri, &EngineIoConfig::default()) else { return };
    let query = uri.query().unwrap_or_default();
    // engineioxide's own way to look: the first pair that begins so, undecoded
    let first = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    assert_eq!(asked.sid.map(|sid| sid.to_string()).as_deref(), first("sid"), "{query}");
    assert!(first("transport").is_some_and(|value| value.parse().ok() == Some(asked.transport)), "{query}");
    assert!(first("EIO").is_some_and(|value| value.parse().ok() == Some(asked.protocol)), "{query}");
    // others, a proxy for one, may decode it, or take the last
    for name in ["sid", "transport", "EIO"] {
        let named = |pair: &&str| decoded(pair.split_once('=').map_or(*pair, |(name, _)| name)) == name.as_bytes();
        assert!(query.split('&').filter(named).count() <= 1, "{query}");
    }
    // a handshake is a GET
    let posted = Asked::parse(&Method::POST, &uri, &EngineIoConfig::default());
    assert_eq!(posted.is_ok(), asked.sid.is_some(), "{query}");
}

fn decoded(text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes();
    let mut decoded = Vec::new();
    while let [first, rest @ ..] = bytes {
        let pair = match bytes {
            [b'%', high, low, ..] => std::str::from_utf8(&[*high, *low]).ok().and_then(|digits| {
                // not the sign that this would take
                let hexadecimal = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
                u8::from_str_radix(digits, 16).ok().filter(|_| hexadecimal)
            }),
            _ => None,
        };
        decoded.push(pair.unwrap_or(*first));
        bytes = if pair.is_some() { rest.get(2..).unwrap_or_default() } else { rest };
    }
    decoded
}

/// Socket.IO's path is a beginning of whole segments.
pub fn path(path: &str) {
    let root = "/socket.io";
    let segments = |text: &str| text.split('/').map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(is_below(path, root), segments(path).starts_with(&segments(root)), "{path}");
}

/// A page passes by the name of a host that a header has, and by no other.
pub fn origin(origin: &[u8], host: &[u8], forwarded_host: &[u8], forwarded: &[u8]) {
    let mut headers = HeaderMap::new();
    for (name, value) in
        [("origin", origin), ("host", host), ("x-forwarded-host", forwarded_host), ("forwarded", forwarded)]
    {
        if let Ok(value) = HeaderValue::from_bytes(value)
            && !value.is_empty()
        {
            headers.insert(name, value);
        }
    }
    let Some(page) = headers.get(header::ORIGIN).cloned() else { return };
    let uri = Uri::from_static("/socket.io/");
    if Origins::default().check(&headers, &uri).is_err() {
        return;
    }
    let page = page.to_str().unwrap_or_default().to_ascii_lowercase();
    let (scheme, name) = page.split_once("://").unwrap_or_default();
    assert!(matches!(scheme, "http" | "https"), "{page}");
    assert!(!name.is_empty() && !name.contains(['/', '@', '?', '#', ',', ' ', '"', '\\']), "{page}");
    let bare = |text: &str| {
        let text = text.trim().trim_matches('"').to_ascii_lowercase();
        let port =
            |text: &str| text.rsplit_once(':').and_then(|(name, port)| Some((name.to_owned(), port.parse().ok()?)));
        match port(&text) {
            Some((name, 80 | 443)) => name,
            Some((name, port @ 0_u16..)) => format!("{name}:{port}"),
            None => text,
        }
    };
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut called = vec![bare(text("host"))];
    called.extend(text("x-forwarded-host").split(',').map(bare));
    called.extend(
        text("forwarded").split([',', ';']).filter_map(|part| part.split_once('=')).map(|(_, host)| bare(host)),
    );
    assert!(called.contains(&bare(name)), "{page} at {called:?}");
    // named for another scheme it is another page
    let other = Origins::new(["https://app.example".to_owned()]);
    assert!(other.check(&headers, &uri).is_ok(), "what passes by its host passes whatever else is named");
}

/// Of a cookie's value comes the id that it spells, and nothing else is an id.
pub fn cookies(value: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(value) else { return };
    let plain = shown(&manager(), &value);
    if let Some(id) = plain {
        // 128 bits, little endian, as tower-sessions writes them
        let spelt = base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(id.to_le_bytes());
        // a cookie may be percent-encoded
        let text = decoded(&String::from_utf8_lossy(value.as_bytes()));
        let text = String::from_utf8_lossy(&text);
        assert!(text.contains(&spelt), "{text} is no {spelt}");
    }
    // nobody guesses a signature, or what only a key can open
    assert_eq!(shown(&manager().with_signed(Key::from(&[7; 64])), &value), None);
    assert_eq!(shown(&manager().with_private(Key::from(&[7; 64])), &value), None);
}

fn manager() -> SessionManagerLayer<SharedStore> {
    SessionManagerLayer::new(SharedStore::new()).with_name("sid")
}

/// The id that a `Cookie` header shows.
fn shown(cookies: &dyn Cookies, value: &HeaderValue) -> Option<i128> {
    let found = Arc::new(Mutex::new(None));
    let hook = {
        let found = Arc::clone(&found);
        move |extensions: http::Extensions| {
            let id = extensions.get::<tower_sessions::Session>().and_then(tower_sessions::Session::id);
            *found.lock().unwrap_or_else(PoisonError::into_inner) = id.map(|id| id.0);
            Box::pin(std::future::ready(StatusCode::INTERNAL_SERVER_ERROR))
                as crate::core::BoxFuture<'static, StatusCode>
        }
    };
    let ran = cookies.run(vec![value.clone()], Box::new(hook)).now_or_never();
    assert!(ran.is_some(), "to read a cookie waits for nothing");
    *found.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use socketioxide::socket::Sid;

    use super::*;

    /// Names and values that mean something here, and what looks like them.
    fn pair() -> impl Strategy<Value = String> {
        let name = prop_oneof![
            "(sid|EIO|transport|b64|t)",
            "(s%69d|%73id|%73%69%64|si%64|SID|sid%|EI%4f|EI%4F|transpor%74|%+4IO)",
            "[a-zA-Z%0-9+]{0,6}",
        ];
        let value = prop_oneof!["[A-Za-z0-9_-]{16}", "(3|4|5|04|4 )", "(polling|websocket|Polling)", "[!-~]{0,20}"];
        prop_oneof![4 => (name, value).prop_map(|(name, value)| format!("{name}={value}")), 1 => "[!-~]{0,8}"]
    }

    fn authority() -> impl Strategy<Value = String> {
        prop_oneof![
            "(example.org|EXAMPLE.org|evil.example|localhost|127.0.0.1|\\[::1\\])(:(80|443|8080|0|65536|))?",
            "[a-z.:@/,; \"=-]{0,24}",
        ]
    }

    proptest! {
        #[test]
        fn every_query_is_read_in_one_way(pairs in prop::collection::vec(pair(), 0..6)) {
            query(&pairs.join("&"));
            query(&format!("EIO=4&transport=polling&{}", pairs.join("&")));
        }

        #[test]
        fn what_a_client_sends_is_understood(sid in any::<bool>(), websocket in any::<bool>(), more in "[a-z0-9]{0,8}") {
            let sid = if sid { Some(Sid::new()) } else { None };
            let transport = if websocket { "websocket" } else { "polling" };
            let asked = sid.map(|sid| format!("&sid={sid}")).unwrap_or_default();
            let text = format!("EIO=4&transport={transport}&t={more}{asked}");
            query(&text);
            let uri = format!("/socket.io/?{text}").parse().unwrap();
            let asked = Asked::parse(&Method::GET, &uri, &EngineIoConfig::default()).unwrap();
            prop_assert_eq!(asked.sid, sid);
        }

        #[test]
        fn every_path_is_read_in_one_way(text in "(/|/socket.io|/socket.iox|socket.io|/x|//|%2f|.){0,5}") {
            path(&text);
        }

        #[test]
        fn a_page_passes_by_its_host_alone(
            scheme in "(http|https|HTTP|ftp|capacitor|null|)(://|:|)",
            page in authority(),
            host in authority(),
            forwarded_host in prop::collection::vec(authority(), 0..3),
            forwarded in prop::collection::vec(("(host|Host|for|proto| host |)", "(=|)", authority()), 0..4),
        ) {
            let forwarded: Vec<_> =
                forwarded.into_iter().map(|(name, equals, value)| format!("{name}{equals}{value}")).collect();
            let page = format!("{scheme}{page}");
            origin(page.as_bytes(), host.as_bytes(), forwarded_host.join(",").as_bytes(), forwarded.join(";").as_bytes());
        }

        #[test]
        fn a_servers_own_page_passes(host in "[a-z][a-z0-9.-]{0,20}(:[1-9][0-9]{0,3})?") {
            let passes = |page: String| {
                let mut headers = HeaderMap::new();
                headers.insert("host", HeaderValue::from_str(&host).unwrap());
                headers.insert("origin", HeaderValue::from_str(&page).unwrap());
                Origins::default().check(&headers, &Uri::from_static("/")).is_ok()
            };
            for (page, own) in [("http://", true), ("https://", true), ("http://x", false), ("ws://", false)] {
                let page = format!("{page}{host}");
                prop_assert_eq!(passes(page), own);
            }
        }

        #[test]
        fn a_cookie_shows_the_id_that_it_spells(
            before in "(a=b; |sid; |sid=; |;|\u{e9}; |)",
            name in "(sid|SID|sid2|)",
            value in prop_oneof!["[A-Za-z0-9_-]{20,24}", "[ -~]{0,50}", "\"[A-Za-z0-9_-]{22}\"", "%[0-9]{2}[A-Za-z0-9_-]{21}"],
            after in "(; sid=AAAAAAAAAAAAAAAAAAAAAA|;|)",
        ) {
            cookies(format!("{before}{name}={value}{after}").as_bytes());
        }

        #[test]
        fn an_encoded_cookie_shows_it_too(value in "%4[1-9][A-Za-z0-9_-]{20}[AQgw]") {
            let value = format!("a=b; sid={value}");
            cookies(value.as_bytes());
            prop_assert!(shown(&manager(), &HeaderValue::from_str(&value).unwrap()).is_some());
        }

        #[test]
        fn an_id_is_found_again(id in any::<i128>()) {
            let spelt = base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(id.to_le_bytes());
            let value = HeaderValue::from_str(&format!("theme=dark; sid={spelt}; lang=en")).unwrap();
            prop_assert_eq!(shown(&manager(), &value), Some(id));
        }

        #[test]
        fn anything_at_all(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            cookies(&bytes);
            query(&String::from_utf8_lossy(&bytes));
            path(&String::from_utf8_lossy(&bytes));
            origin(&bytes, b"example.org", &bytes, &bytes);
        }
    }
}
