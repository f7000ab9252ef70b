//! What the library says through the crate `metrics`, by a recorder that keeps it. One test: the recorder is the process's.
#![cfg(feature = "metrics")]
#![expect(clippy::cast_precision_loss, clippy::float_cmp, reason = "these are small counts")]
#![expect(clippy::unused_async, reason = "event handlers are async, whatever they do")]

mod common;

use std::collections::BTreeSet;

use axum::Router;
use metrics::Key;
use metrics_util::{
    MetricKind,
    debugging::{DebugValue, DebuggingRecorder, Snapshotter},
};
use socket_session::{AfterSave, Close, EventError, SessionError, guard, on};
use tokio::{
    sync::Semaphore,
    time::{sleep, timeout},
};

use crate::common::{Lab, Visit, millis, server::Server};

#[on("incr")]
async fn incr(visit: &mut Visit) -> u32 {
    visit.count += 1;
    visit.count
}

#[on("own code")]
async fn own_code(visit: &mut Visit) -> Result<u32, EventError> {
    Err(EventError::new("a secret of the application", visit.count.to_string()))
}

#[guard]
async fn is_nobody(visit: &Visit) -> bool {
    !visit.authenticated
}

#[on("members only", guard = is_nobody)]
async fn members_only(_visit: &mut Visit, after: AfterSave) {
    after.emit("never", &());
}

static HELD: Semaphore = Semaphore::const_new(0);

#[on("hold")]
async fn hold(visit: &mut Visit) -> u32 {
    let _held = HELD.acquire().await;
    visit.count
}

const ACQUIRED: [(&str, &str); 2] = [("operation", "acquire"), ("outcome", "ok")];

/// What was recorded since the last look, added to what was.
struct Seen {
    snapshotter: Snapshotter,
    all: Vec<(MetricKind, Key, f64, usize)>,
}

impl Seen {
    /// A counter's or a gauge's value, or how often a histogram was told something.
    fn value(&mut self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.look();
        let wanted: BTreeSet<_> = labels.iter().copied().collect();
        let matching = self.all.iter().filter(|(_, key, ..)| {
            let labels: BTreeSet<_> = key.labels().map(|label| (label.key(), label.value())).collect();
            key.name() == name && labels == wanted
        });
        matching
            .map(|(kind, _, value, times)| if *kind == MetricKind::Histogram { *times as f64 } else { *value })
            .sum()
    }

    /// The longest that a histogram was told.
    fn longest(&mut self, name: &str) -> f64 {
        self.look();
        self.all.iter().filter(|(_, key, ..)| key.name() == name).map(|(_, _, value, _)| *value).fold(0.0, f64::max)
    }

    fn look(&mut self) {
        for (key, _, _, value) in self.snapshotter.snapshot().into_vec() {
            let (kind, key) = (key.kind(), key.key().clone());
            let known = self.all.iter_mut().find(|(other, known, ..)| *other == kind && *known == key);
            let (value, times) = match &value {
                DebugValue::Counter(count) => (*count as f64, 1),
                DebugValue::Gauge(value) => (value.0, 1),
                DebugValue::Histogram(values) => (values.iter().map(|value| value.0).fold(0.0, f64::max), values.len()),
            };
            match known {
                None => self.all.push((kind, key, value, times)),
                // a snapshot empties them all
                Some((MetricKind::Gauge | MetricKind::Counter, _, known, _)) => *known += value,
                Some((MetricKind::Histogram, _, longest, known)) => {
                    *longest = longest.max(value);
                    *known += times;
                }
            }
        }
    }

    /// Two nodes that want one session: the other one waits for its lease.
    async fn two_nodes(&mut self) {
        let store = Server::default();
        let [one, other] = [(); 2].map(|()| {
            let lab = Lab::over(store.clone(), |builder| builder);
            lab.io.ns("/", lab.sessions.namespace().on::<hold>());
            lab.app(Router::new())
        });
        let visitor = one.visitor().await;
        let mut client = visitor.connect().await;
        let before = self.value("socket_session_store_seconds", &ACQUIRED);
        client.send("420[\"hold\"]").await;
        self.acquired(before + 1.0).await;
        let elsewhere = other.sessions.session::<Visit>(visitor.id());
        let update = tokio::spawn(async move { elsewhere.update(|visit| visit.count += 1).await });
        self.acquired(before + 2.0).await;
        assert_eq!(self.value("socket_session_lease_wait_seconds", &[]), 0.0, "whoever got it at once has not waited");
        HELD.add_permits(1);
        assert!(matches!(update.await, Ok(Ok(()))));
        assert!(client.next().await.text().ends_with("430[1]"));
        assert_eq!(self.value("socket_session_lease_wait_seconds", &[]), 1.0);
    }

    /// Waits until so many claims were answered.
    async fn acquired(&mut self, times: f64) {
        let seen = timeout(millis(10_000), async {
            while self.value("socket_session_store_seconds", &ACQUIRED) < times {
                sleep(millis(1)).await;
            }
        });
        assert!(seen.await.is_ok(), "{times} claims");
    }

    async fn becomes(&mut self, name: &str, expected: f64) {
        let seen = timeout(millis(10_000), async {
            while self.value(name, &[]) != expected {
                sleep(millis(5)).await;
            }
        });
        let seen = seen.await;
        assert!(seen.is_ok(), "{name} is {}, not {expected}", self.value(name, &[]));
    }
}

#[tokio::test]
async fn what_happens_is_counted_without_saying_to_whom() {
    let recorder = DebuggingRecorder::new();
    let mut seen = Seen { snapshotter: recorder.snapshotter(), all: Vec::new() };
    recorder.install().unwrap();

    let lab = Lab::new();
    lab.io.ns("/", lab.sessions.namespace().on::<incr>().on::<own_code>().on::<members_only>());
    let app = lab.app(Router::new());
    let visitor = app.visitor().await;

    let mut first = visitor.connect().await;
    let second = visitor.connect().await;
    assert_eq!(seen.value("socket_session_connections", &[]), 2.0);
    assert_eq!(seen.value("socket_session_sockets", &[]), 2.0);
    assert_eq!(seen.value("socket_session_sessions", &[]), 1.0);

    assert!(first.ask("incr").await.text().ends_with("430[2]"));
    assert!(first.ask("own code").await.text().contains("a secret of the application"));
    assert!(first.ask("members only").await.text().contains("unauthorized"));
    for (outcome, times) in [("ok", 1.0), ("handler", 1.0), ("unauthorized", 1.0)] {
        assert_eq!(seen.value("socket_session_events_total", &[("outcome", outcome)]), times, "{outcome}");
    }

    // the visitor's login, and three events
    assert_eq!(seen.value("socket_session_queue_wait_seconds", &[]), 3.0);
    assert!(seen.longest("socket_session_queue_wait_seconds") < 5.0, "less than the limit: they have had their turn");
    let ok = |operation| [("operation", operation), ("outcome", "ok")];
    assert_eq!(seen.value("socket_session_store_seconds", &ok("create")), 1.0);
    assert!(seen.value("socket_session_store_seconds", &ok("patch")) >= 1.0);
    assert!(seen.value("socket_session_store_seconds", &ok("load")) >= 3.0);

    app.store.loading.set(common::Failure::Refused, 1);
    let failed = visitor.session().get().await;
    assert!(matches!(failed, Err(SessionError::Unavailable(_))));
    let refused = [("operation", "load"), ("outcome", "unavailable")];
    assert_eq!(seen.value("socket_session_store_seconds", &refused), 1.0);

    // the one that is cut off was not told why; the others are, of the logout
    visitor.session().disconnect(Close::Reconnect).await.unwrap();
    seen.becomes("socket_session_connections", 0.0).await;
    seen.becomes("socket_session_sockets", 0.0).await;
    seen.becomes("socket_session_sessions", 0.0).await;
    drop((first, second));
    let _third = visitor.connect().await;
    let _fourth = visitor.connect().await;
    assert!(visitor.session().destroy().await.is_ok());
    assert_eq!(seen.value("socket_session_closes_total", &[("reason", "logout")]), 2.0);
    seen.becomes("socket_session_sockets", 0.0).await;
    seen.becomes("socket_session_sessions", 0.0).await;

    seen.two_nodes().await;

    let names: BTreeSet<_> = seen.all.iter().map(|(_, key, ..)| key.name().to_owned()).collect();
    let labels: Vec<_> = seen.all.iter().flat_map(|(_, key, ..)| key.labels().cloned()).collect();
    let documented = include_str!("../docs/observing.md");
    for name in names.iter().map(String::as_str).chain(labels.iter().map(metrics::Label::value)) {
        assert!(documented.contains(&format!("`{name}`")), "{name} is not in docs/observing.md");
    }
    for label in labels {
        assert!(!label.value().contains("secret"), "{label:?}");
        assert!(["outcome", "reason", "operation"].contains(&label.key()), "{label:?}");
    }
}
