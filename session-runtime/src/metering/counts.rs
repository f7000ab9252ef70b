//! What the inspector shows of what was measured: since the process began, for all its `Sessions` together.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use serde_json::{Map, Value, json};

use super::on::CODES;
use crate::reached::Why;

const OPERATIONS: [&str; 16] = [
    "create",
    "load",
    "acquire",
    "confirm",
    "patch",
    "release",
    "touch",
    "delete",
    "retire",
    "exists",
    "announce",
    "join",
    "leave",
    "members",
    "end_user",
    "user_ended",
];
const REASONS: [Why; 6] = [Why::Logout, Why::Expired, Why::Rotated, Why::Replaced, Why::Demoted, Why::ShuttingDown];

/// How often, and for how long in all.
struct Tally {
    times: AtomicU64,
    micros: AtomicU64,
}

impl Tally {
    const fn new() -> Self {
        Self { times: AtomicU64::new(0), micros: AtomicU64::new(0) }
    }

    fn add(&self, took: Duration) {
        self.times.fetch_add(1, Relaxed);
        self.micros.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Relaxed);
    }

    fn seen(&self) -> Value {
        let (times, micros) = (self.times.load(Relaxed), self.micros.load(Relaxed));
        json!({ "times": times, "mean_micros": micros.checked_div(times).unwrap_or(0) })
    }
}

static OK: AtomicU64 = AtomicU64::new(0);
static EVENTS: [AtomicU64; CODES.len()] = [const { AtomicU64::new(0) }; CODES.len()];
static CLOSES: [AtomicU64; REASONS.len()] = [const { AtomicU64::new(0) }; REASONS.len()];
static WAITS: Tally = Tally::new();
static LEASES: Tally = Tally::new();
static STORE: [Tally; OPERATIONS.len()] = [const { Tally::new() }; OPERATIONS.len()];
static FAILED: AtomicU64 = AtomicU64::new(0);

pub(super) fn event(code: Option<&'static str>) {
    let counter = match code {
        None => Some(&OK),
        Some(code) => CODES.iter().zip(&EVENTS).find_map(|(known, counter)| (*known == code).then_some(counter)),
    };
    if let Some(counter) = counter {
        counter.fetch_add(1, Relaxed);
    }
}

pub(super) fn told(why: Why) {
    if let Some((_, counter)) = REASONS.iter().zip(&CLOSES).find(|(known, _)| **known == why) {
        counter.fetch_add(1, Relaxed);
    }
}

pub(super) fn waited(time: Duration) {
    WAITS.add(time);
}

pub(super) fn lease(time: Duration) {
    LEASES.add(time);
}

pub(super) fn stored(operation: &'static str, well: bool, took: Duration) {
    if let Some((_, tally)) = OPERATIONS.iter().zip(&STORE).find(|(known, _)| **known == operation) {
        tally.add(took);
    }
    if !well {
        FAILED.fetch_add(1, Relaxed);
    }
}

/// All of it; what has never happened is left out.
pub(crate) fn seen() -> Value {
    let mut events = Map::new();
    events.insert("ok".to_owned(), OK.load(Relaxed).into());
    events.extend(happened(CODES.iter().copied().zip(&EVENTS)));
    let closes: Map<_, _> = happened(REASONS.iter().map(|why| why.as_str()).zip(&CLOSES)).collect();
    let store: Map<_, _> = OPERATIONS
        .iter()
        .zip(&STORE)
        .filter(|(_, tally)| tally.times.load(Relaxed) > 0)
        .map(|(operation, tally)| ((*operation).to_owned(), tally.seen()))
        .collect();
    json!({
        "events": events,
        "closes": closes,
        "queue_wait": WAITS.seen(),
        "lease_wait": LEASES.seen(),
        "store": store,
        "store_failed": FAILED.load(Relaxed),
    })
}

fn happened<'a>(counters: impl Iterator<Item = (&'a str, &'a AtomicU64)>) -> impl Iterator<Item = (String, Value)> {
    counters.filter_map(|(name, counter)| {
        let times = counter.load(Relaxed);
        (times > 0).then(|| (name.to_owned(), times.into()))
    })
}
