//! Who may connect: the pages of this host, and those that were named.
//!
//! A WebSocket is not held by CORS, and a polling POST needs no preflight, so the check is here, for every request.
//! The rules of `Origin` are those of RFC 6454, of `Forwarded` those of RFC 7239.

use std::collections::HashSet;

use http::{HeaderMap, Uri, header, uri::Authority};

/// Origins other than the server's own that may connect.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origins(HashSet<String>);

/// Why a request is refused: the two hosts that were compared.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Foreign {
    pub(crate) origin: String,
    pub(crate) hosts: Vec<String>,
}

impl Origins {
    pub(crate) fn new(named: impl IntoIterator<Item = String>) -> Self {
        Self(named.into_iter().map(|origin| named_as(origin.trim_end_matches('/'))).collect())
    }

    /// Lets a request pass, or says what is foreign about it.
    pub(crate) fn check(&self, headers: &HeaderMap, uri: &Uri) -> Result<(), Foreign> {
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let Some(origin) = origins.next() else {
            // no browser, or a browser's same-origin GET; but a browser that says otherwise is believed
            let site = headers.get("sec-fetch-site").map(header::HeaderValue::as_bytes);
            return match site {
                Some(b"cross-site") => Err(Foreign {
                    origin: "none, but `Sec-Fetch-Site: cross-site`".to_owned(),
                    hosts: hosts(headers, uri),
                }),
                _ => Ok(()),
            };
        };
        let text = origin.to_str().unwrap_or("not text").to_ascii_lowercase();
        let single = origins.next().is_none();
        if single && self.0.contains(&named_as(&text)) {
            return Ok(());
        }
        let hosts = hosts(headers, uri);
        match own(&text) {
            Some(host) if single && hosts.contains(&host) => Ok(()),
            _ => Err(Foreign { origin: text, hosts }),
        }
    }
}

/// An origin as it is compared: in lower case, without the port that its scheme implies.
fn named_as(origin: &str) -> String {
    let origin = origin.to_ascii_lowercase();
    match (origin.split_once("://"), own(&origin)) {
        (Some((scheme, _)), Some(host)) => format!("{scheme}://{host}"),
        _ => origin,
    }
}

/// Host and port of a web page's origin; the ports that a scheme implies are left out.
fn own(origin: &str) -> Option<String> {
    let (rest, default) = match origin.split_once("://")? {
        ("http", rest) => (rest, 80),
        ("https", rest) => (rest, 443),
        _ => return None,
    };
    host(rest, default)
}

fn host(text: &str, default: u16) -> Option<String> {
    // no user, no path: an authority that is an origin's
    let authority: Authority = text.parse().ok().filter(|_| !text.contains('@'))?;
    let name = authority.host().to_ascii_lowercase();
    let after = authority.as_str().get(authority.host().len()..)?;
    match after {
        "" => Some(name),
        _ => match authority.port_u16()? {
            port if port == default => Some(name),
            port => Some(format!("{name}:{port}")),
        },
    }
}

/// What this server is called, by the request: `Host` (or HTTP/2's `:authority`), and what a proxy says it was called by.
fn hosts(headers: &HeaderMap, uri: &Uri) -> Vec<String> {
    let mut hosts = Vec::new();
    let mut add = |text: &str| {
        // both implied ports: behind a proxy that ends TLS, the scheme of the page is not known here
        for default in [80, 443] {
            if let Some(host) = host(text.trim(), default)
                && !hosts.contains(&host)
            {
                hosts.push(host);
            }
        }
    };
    if let Some(authority) = uri.authority() {
        add(authority.as_str());
    }
    let values = |name: &'static str| headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values("host").for_each(&mut add);
    values("x-forwarded-host").flat_map(|value| value.split(',')).for_each(&mut add);
    for part in values("forwarded").flat_map(|value| value.split([',', ';'])) {
        if let Some((name, value)) = part.split_once('=')
            && name.trim().eq_ignore_ascii_case("host")
        {
            add(value.trim().trim_matches('"'));
        }
    }
    hosts
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};
    use proptest::prelude::*;

    use super::*;

    fn check(origins: &Origins, headers: &[(&'static str, &str)]) -> bool {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
            .collect();
        origins.check(&headers, &Uri::from_static("/socket.io/")).is_ok()
    }

    fn passes(headers: &[(&'static str, &str)]) -> bool {
        check(&Origins::default(), headers)
    }

    #[test]
    fn the_servers_own_pages_pass() {
        for (origin, host) in [
            ("http://localhost:3000", "localhost:3000"),
            ("https://example.org", "example.org"),
            ("https://example.org", "example.org:443"),
            ("https://example.org:443", "example.org"),
            ("http://example.org", "example.org:80"),
            ("HTTPS://Example.ORG", "example.org"),
            ("http://[::1]:3000", "[::1]:3000"),
        ] {
            assert!(passes(&[("origin", origin), ("host", host)]), "{origin} at {host}");
        }
    }

    #[test]
    fn foreign_and_look_alike_pages_do_not() {
        for origin in [
            "https://evil.example",
            "https://example.org.evil.example",
            "https://evilexample.org",
            "https://sub.example.org",
            "https://example.org:8443",
            "https://example.org@evil.example",
            "https://user@example.org",
            "https://example.org/",
            "null",
            "",
            "capacitor://example.org",
            "example.org",
            "file://",
            "http://:80",
        ] {
            assert!(!passes(&[("origin", origin), ("host", "example.org")]), "{origin}");
        }
    }

    #[test]
    fn behind_a_proxy_the_page_is_the_proxys() {
        let page = ("origin", "https://example.org");
        assert!(passes(&[page, ("host", "10.0.0.1:3000"), ("x-forwarded-host", "example.org")]));
        assert!(passes(&[page, ("host", "10.0.0.1"), ("forwarded", "for=1.2.3.4;host=\"example.org\";proto=https")]));
        assert!(!passes(&[page, ("host", "10.0.0.1"), ("forwarded", "for=example.org")]));
    }

    #[test]
    fn what_is_named_passes() {
        let origins =
            Origins::new(["https://app.example/".to_owned(), "capacitor://localhost".to_owned(), "null".to_owned()]);
        for origin in ["https://app.example", "capacitor://localhost", "null"] {
            assert!(check(&origins, &[("origin", origin), ("host", "api.example")]), "{origin}");
        }
        assert!(!check(&origins, &[("origin", "http://app.example"), ("host", "api.example")]));
        let origins = Origins::new(["https://app.example:443".to_owned()]);
        assert!(check(&origins, &[("origin", "https://app.example"), ("host", "api.example")]));
    }

    #[test]
    fn without_an_origin_only_a_cross_site_browser_is_refused() {
        assert!(passes(&[("host", "example.org")]));
        assert!(passes(&[("host", "example.org"), ("sec-fetch-site", "same-origin")]));
        assert!(!passes(&[("host", "example.org"), ("sec-fetch-site", "cross-site")]));
    }

    #[test]
    fn two_origins_are_none() {
        let host = ("host", "example.org");
        assert!(!passes(&[host, ("origin", "https://example.org"), ("origin", "https://evil.example")]));
    }

    proptest! {
        #[test]
        fn no_header_makes_a_foreign_page_pass(origin in "[a-z:/.@0-9-]{0,40}", forwarded in ".{0,40}") {
            let mut headers = HeaderMap::new();
            headers.insert("host", HeaderValue::from_static("example.org"));
            if let Ok(value) = HeaderValue::from_str(&origin) {
                headers.insert("origin", value);
            }
            if let Ok(value) = HeaderValue::from_str(&forwarded) {
                headers.insert("forwarded", value);
            }
            let passed = Origins::default().check(&headers, &Uri::from_static("/")).is_ok();
            let own = ["http", "https"].iter().any(|scheme| {
                let rest = origin.strip_prefix(scheme).and_then(|rest| rest.strip_prefix("://"));
                rest.is_some_and(|rest| rest == "example.org" || rest == "example.org:80" || rest == "example.org:443")
            });
            prop_assert!(!passed || own || forwarded.to_ascii_lowercase().contains("host"));
        }
    }
}
