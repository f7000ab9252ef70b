//! Counts one session up, through sockets and by requests, and books what comes of it.

use std::{
    collections::{BTreeMap, VecDeque},
    ops::Range,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::StatusCode;
use tokio::time::{sleep, timeout};

use crate::{
    Http, Packet, Socket,
    http::{Failed, PATIENCE},
    ledger::{Ledger, Sent, Tally},
};

/// A refusal comes fast: who is refused waits so long.
const PAUSE: Duration = Duration::from_millis(30);

/// The count of one session, as its clients know it.
#[derive(Debug)]
pub struct Counting {
    ledger: Mutex<Ledger>,
    reasons: Mutex<Reasons>,
}

/// Why something was not counted, and how often: the codes of errors, the status of responses.
pub type Reasons = BTreeMap<String, u64>;

/// What to send next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// `my event`, which adds one.
    Add,
    /// `whoami`, which reads.
    Read,
    /// Nothing more: go away, whatever is not answered.
    Leave,
}

/// What came of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Posted {
    /// It was counted.
    Counted,
    /// It was not, or nobody knows.
    NotCounted,
    /// There was no such session.
    Gone,
    /// It did not get to the server.
    NotSent,
}

/// An event whose acknowledgement has not come.
struct InFlight {
    id: u64,
    sent: Sent,
    next: Next,
}

impl Counting {
    /// Of a session whose counts are these: it has counted to the first of them.
    pub fn new(counts: Range<u32>) -> Self {
        Self { ledger: Mutex::new(Ledger::new(counts)), reasons: Mutex::default() }
    }

    /// The book.
    pub fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why something was not counted.
    pub fn reasons(&self) -> Reasons {
        self.reasons.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The books are closed: the count is `last`, or `None` where it is gone with its session.
    pub fn close(self, last: Option<u64>) -> (Tally, Reasons) {
        let ledger = self.ledger.into_inner().unwrap_or_else(PoisonError::into_inner);
        (ledger.close(last), self.reasons.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    fn because(&self, reason: &str) {
        let mut reasons = self.reasons.lock().unwrap_or_else(PoisonError::into_inner);
        *reasons.entry(reason.to_owned()).or_default() += 1;
    }

    /// Keeps `depth` events on their way through a socket, until it is closed, or `next` has none and all are answered.
    /// While `old()`, the socket is one that must not work any more.
    pub async fn emit(
        &self,
        socket: &mut Socket,
        depth: usize,
        mut next: impl FnMut() -> Option<Next>,
        old: impl Fn() -> bool,
    ) {
        let mut waiting = VecDeque::with_capacity(depth);
        let mut last_id = None;
        loop {
            while waiting.len() < depth
                && let Some(next) = next()
            {
                let (name, sent) = match next {
                    Next::Add => ("my event", self.ledger().send(old())),
                    Next::Read => ("whoami", self.ledger().look(old())),
                    Next::Leave => return self.give_up(waiting, "left", Ledger::unknown),
                };
                let id = socket.feed(name, "").await;
                let closed = id.is_err();
                waiting.push_back(InFlight { id: id.unwrap_or(u64::MAX), sent, next });
                if closed {
                    return self.give_up(waiting, "closed", Ledger::unknown);
                }
            }
            if waiting.is_empty() {
                return;
            }
            if socket.flush().await.is_err() {
                return self.give_up(waiting, "closed", Ledger::unknown);
            }
            let Ok(packet) = timeout(PATIENCE, socket.next()).await else {
                return self.give_up(waiting, "hung", Ledger::hung);
            };
            let id = match packet {
                Packet::Ack(id, _) => id,
                Packet::Closed | Packet::Disconnected => return self.give_up(waiting, "closed", Ledger::unknown),
                Packet::Connected | Packet::Refused(_) | Packet::Event(_) => continue,
            };
            let Some(position) = waiting.iter().position(|event| event.id == id) else { continue };
            let Some(event) = waiting.remove(position) else { continue };
            if !self.answered(&event, &packet, &mut last_id) {
                sleep(PAUSE).await;
            }
        }
    }

    /// Books an acknowledgement; whether it was none of an error.
    fn answered(&self, event: &InFlight, packet: &Packet, last_id: &mut Option<u64>) -> bool {
        let code = packet.error_code();
        if let Some(code) = &code {
            self.because(code);
        }
        let mut ledger = self.ledger();
        if event.next == Next::Read {
            let count = packet.json().and_then(|json| json.pointer("/0/count")?.as_u64());
            if let Some(count) = count {
                ledger.read(event.sent, count);
            }
            return count.is_some();
        }
        if let Some(value) = packet.number() {
            if last_id.is_some_and(|last| event.id < last) {
                ledger.out_of_order();
            }
            *last_id = Some(event.id);
            ledger.acknowledged(event.sent, value);
            return true;
        }
        match code.as_deref() {
            Some("unknown") | None => ledger.unknown(event.sent),
            Some(_) => ledger.refused(),
        }
        false
    }

    fn give_up(&self, waiting: VecDeque<InFlight>, reason: &str, book: fn(&mut Ledger, Sent)) {
        for event in waiting.into_iter().filter(|event| event.next == Next::Add) {
            self.because(reason);
            book(&mut self.ledger(), event.sent);
        }
    }

    /// Adds one by a request.
    pub async fn post(&self, http: &mut Http, cookie: &str) -> Posted {
        let sent = self.ledger().send(false);
        let posted = match http.post("/incr", Some(cookie)).await {
            Ok(answer) => {
                // A visitor whose session is gone gets a new one, which is not this one.
                let replaced = answer.cookie().is_some_and(|new| new != cookie);
                let value = answer.text().parse().ok().filter(|_| answer.status == StatusCode::OK && !replaced);
                if let Some(value) = value {
                    self.ledger().acknowledged(sent, value);
                    return Posted::Counted;
                }
                self.because(if replaced { "another session" } else { answer.status.as_str() });
                if answer.status == StatusCode::INTERNAL_SERVER_ERROR {
                    self.ledger().unknown(sent);
                } else {
                    self.ledger().refused();
                }
                if replaced || answer.status == StatusCode::UNAUTHORIZED { Posted::Gone } else { Posted::NotCounted }
            }
            Err(Failed::Unreachable(_)) => {
                self.ledger().not_sent();
                Posted::NotSent
            }
            Err(Failed::Unanswered(_)) => {
                self.because("closed");
                self.ledger().unknown(sent);
                Posted::NotCounted
            }
            Err(Failed::Hung) => {
                self.because("hung");
                self.ledger().hung(sent);
                Posted::NotCounted
            }
        };
        sleep(PAUSE).await;
        posted
    }
}
