//! One session from its login to its end, and what its visitor does with it.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use fastrand::Rng;
use http::StatusCode;
use tokio::time::{sleep, timeout};

use super::Run;
use crate::{
    Http, Result, Socket, Transport,
    counting::{Counting, Next, Posted},
    guide,
    http::{Failed, PATIENCE},
    socket::Refused,
};

/// The counts of a session begin at its number times this, so that a count tells whose it is.
const SPAN: u32 = 10_000;

/// So many refusals in a row that nothing explains, and the session is looked at.
const SUSPICIOUS: u32 = 20;

/// A session that has begun. Its count begins at a number of its own.
pub(super) struct Life {
    run: Arc<Run>,
    number: u32,
    counting: Counting,
    /// Events that may still be sent, of so many.
    left: AtomicU64,
    of: u64,
    /// Nothing more is to be sent.
    over: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    cookie: String,
    /// How often the id has changed.
    epoch: u64,
    /// A login is on its way: the old id may be dead already.
    rotating: bool,
    /// A login got no clear answer: there may be another id.
    uncertain: bool,
    /// The client has logged out, and knows.
    ended: bool,
    /// Refusals that nothing explains, since so many were acknowledged.
    refusals: u32,
    acknowledged: u64,
}

/// A session whose visitor has left without a logout.
pub(super) struct Left {
    pub(super) number: u32,
    pub(super) counting: Counting,
    cookie: String,
    uncertain: bool,
}

/// Whose count that is.
pub(super) fn number_of(count: u32) -> u32 {
    count / SPAN
}

impl Life {
    /// A login, and a first event that makes its count one's own. `None` if that did not work out: then it is as if it
    /// had never been.
    pub(super) async fn begin(run: &Arc<Run>, events: u64, random: &mut Rng) -> Result<Option<Self>> {
        let address = run.cluster.address(random.usize(0..2));
        let Ok(cookie) = guide::login(&mut Http::new(address)).await else { return pause(random).await };
        let number = u32::try_from(run.next_life.fetch_add(1, SeqCst))?;
        let base = number.checked_mul(SPAN).ok_or("too many sessions for a count")?;
        let Ok(mut socket) = Socket::connect(address, Transport::WebSocket, "/", Some(&cookie)).await else {
            return pause(random).await;
        };
        match socket.call("add", &base.to_string()).await {
            Ok(packet) if packet.number() == Some(base.into()) => {}
            _ => return pause(random).await,
        }
        run.book().counts.logins += 1;
        Ok(Some(Self {
            run: Arc::clone(run),
            number,
            counting: Counting::new(base..base.saturating_add(SPAN)),
            left: AtomicU64::new(events),
            of: events,
            over: AtomicBool::new(false),
            state: Mutex::new(State { cookie, ..State::default() }),
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cookie(&self) -> (u64, String) {
        let state = self.state();
        (state.epoch, state.cookie.clone())
    }

    fn is_over(&self) -> bool {
        self.over.load(SeqCst) || self.left.load(SeqCst) == 0 || self.run.sent() == self.run.events
    }

    /// Whether one event more may be sent.
    fn take(&self) -> bool {
        !self.is_over() && self.left.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok() && self.run.take()
    }

    /// An event was not sent after all.
    fn give_back(&self) {
        self.left.fetch_add(1, SeqCst);
        self.run.sent.fetch_sub(1, SeqCst);
    }

    /// Waits until that part of the events is left; whether the session is still in use then.
    pub(super) async fn is_left(&self, part: u64, whole: u64) -> bool {
        while !self.is_over() {
            if self.left.load(SeqCst) * whole <= self.of * part {
                return true;
            }
            sleep(Duration::from_millis(5)).await;
        }
        false
    }

    /// The session was not there. If that goes on, it is to be looked at.
    fn suspect(&self, epoch: u64) {
        let acknowledged = self.counting.ledger().tally().acknowledged;
        let mut state = self.state();
        if state.acknowledged != acknowledged {
            state.acknowledged = acknowledged;
            state.refusals = 0;
        }
        if !state.ended && !state.rotating && state.epoch == epoch {
            state.refusals += 1;
            if state.refusals >= SUSPICIOUS {
                self.over.store(true, SeqCst);
            }
        }
    }

    fn hung(&self) {
        let mut ledger = self.counting.ledger();
        let sent = ledger.now();
        ledger.hung(sent);
    }

    /// A worker: emits through a socket to one node, which it connects whenever it is not.
    pub(super) async fn emit(self: Arc<Self>, node: usize, transport: Transport, mut random: Rng) {
        let address = self.run.cluster.address(node);
        while !self.is_over() {
            let (epoch, cookie) = self.cookie();
            match timeout(PATIENCE, Socket::connect(address, transport, "/", Some(&cookie))).await {
                Ok(Ok(mut socket)) => self.drive(&mut socket, epoch, &mut random).await,
                Ok(Err(Refused::Namespace(_))) => self.suspect(epoch),
                Ok(Err(Refused::Unreachable(_) | Refused::Handshake(_))) => {}
                Err(_) => self.hung(),
            }
            sleep(Duration::from_millis(random.u64(20..100))).await;
        }
    }

    async fn drive(&self, socket: &mut Socket, epoch: u64, random: &mut Rng) {
        let depth = random.usize(1..=16);
        let next = || match random.u16(0..1_000) {
            0 => Some(Next::Leave),
            1..50 if !self.is_over() => Some(Next::Read),
            _ => self.take().then_some(Next::Add),
        };
        self.counting.emit(socket, depth, next, || self.state().epoch != epoch).await;
    }

    /// A worker: counts by HTTP requests to one node.
    pub(super) async fn post(self: Arc<Self>, node: usize, mut random: Rng) {
        let mut http = Http::new(self.run.cluster.address(node));
        while self.take() {
            let (epoch, cookie) = self.cookie();
            match self.counting.post(&mut http, &cookie).await {
                Posted::Gone => self.suspect(epoch),
                Posted::NotSent => self.give_back(),
                Posted::Counted | Posted::NotCounted => {}
            }
            sleep(Duration::from_millis(random.u64(0..4))).await;
        }
    }

    /// Logs in again: the session gets a new id.
    pub(super) async fn rotate(&self, random: &mut Rng) -> Result<()> {
        let old = {
            let mut state = self.state();
            // The id may be on its way out, and a login with a dead one begins another session.
            if state.uncertain {
                return Ok(());
            }
            state.rotating = true;
            state.cookie.clone()
        };
        let mut http = Http::new(self.run.cluster.address(random.usize(0..2)));
        let outcome = http.post("/login", Some(&old)).await;
        match &outcome {
            Ok(answer) if answer.status == StatusCode::NO_CONTENT && answer.cookie().is_some_and(|new| new != old) => {
                let mut state = self.state();
                answer.cookie().unwrap_or_default().clone_into(&mut state.cookie);
                state.epoch += 1;
                drop(state);
                let mut book = self.run.book();
                book.counts.rotations += 1;
                book.dead.push(old);
            }
            Err(Failed::Unreachable(_)) => {}
            // Perhaps it was done, and the new id did not get here.
            _ => {
                self.run.book().counts.uncertain_rotations += 1;
                self.state().uncertain = true;
                if guide::count(&mut http, &old).await?.is_none() {
                    self.over.store(true, SeqCst);
                }
            }
        }
        if matches!(outcome, Err(Failed::Hung)) {
            self.hung();
        }
        self.state().rotating = false;
        Ok(())
    }

    /// Ends the session, and sees that it is dead on every node.
    pub(super) async fn logout(&self, random: &mut Rng) -> Result<()> {
        let (_, cookie) = self.cookie();
        let mut http = Http::new(self.run.cluster.address(random.usize(0..2)));
        loop {
            match http.post("/logout", Some(&cookie)).await {
                Ok(answer) if answer.status == StatusCode::NO_CONTENT => break,
                // Perhaps it was done.
                _ if guide::count(&mut http, &cookie).await?.is_none() => break,
                _ => sleep(Duration::from_millis(random.u64(20..100))).await,
            }
        }
        self.counting.ledger().end();
        self.state().ended = true;
        self.over.store(true, SeqCst);
        for address in self.run.cluster.addresses() {
            let sent = self.counting.ledger().now();
            if let Some(count) = guide::count(&mut Http::new(address), &cookie).await? {
                self.counting.ledger().read(sent, count);
            }
        }
        let certain = !self.state().uncertain;
        let mut book = self.run.book();
        book.counts.logouts += 1;
        book.dead.push(cookie);
        if certain {
            book.destroyed.insert(self.number);
        }
        Ok(())
    }

    /// The same when all is answered, so that the count can be read before.
    pub(super) async fn logout_quietly(&self, random: &mut Rng) -> Result<()> {
        let (_, cookie) = self.cookie();
        let mut http = Http::new(self.run.cluster.address(random.usize(0..2)));
        match guide::count(&mut http, &cookie).await? {
            Some(count) => {
                self.counting.ledger().settle(count);
                self.logout(random).await
            }
            // Who looks at what is left finds the same, and decides.
            None => Ok(()),
        }
    }

    /// All workers are done. What is left to be looked at when nothing dies any more.
    pub(super) fn end(self) -> Option<Left> {
        let State { cookie, uncertain, ended, .. } = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        if ended {
            self.run.book().close(self.counting, None);
            return None;
        }
        Some(Left { number: self.number, counting: self.counting, cookie, uncertain })
    }
}

impl Left {
    /// Looks at the count.
    pub(super) async fn settle(self, run: &Run) -> Result<()> {
        let mut http = Http::new(run.cluster.address(0));
        let count = guide::count(&mut http, &self.cookie).await?;
        let mut book = run.book();
        if count.is_none() && self.uncertain {
            // Its id has changed, and the answer was lost: the store knows.
            book.counts.orphans += 1;
            book.orphans.push(self);
        } else {
            book.close(self.counting, Some(count.unwrap_or(0)));
        }
        Ok(())
    }
}

async fn pause<T>(random: &mut Rng) -> Result<Option<T>> {
    sleep(Duration::from_millis(random.u64(20..100))).await;
    Ok(None)
}
