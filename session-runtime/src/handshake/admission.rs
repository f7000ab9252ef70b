//! How much strangers may take: sessions created by handshakes, and connections without a session.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

use crate::record::SessionKey;

/// For how long a session that a handshake created lives until its cookie has come back.
pub(crate) const UNCONFIRMED: Duration = Duration::from_mins(1);

pub(crate) struct Admissions {
    per_second: u32,
    created: Mutex<(Instant, u32)>,
    /// Sessions of this node whose cookie has not come back yet, and until when it matters.
    unconfirmed: Mutex<HashMap<SessionKey, Instant>>,
    anonymous: Arc<AtomicUsize>,
}

/// Counts one connection without a session, for as long as it is held.
pub(crate) struct Anonymous(Arc<AtomicUsize>);

impl Drop for Anonymous {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Admissions {
    pub(crate) fn new(per_second: u32) -> Self {
        Self {
            per_second,
            created: Mutex::new((Instant::now(), 0)),
            unconfirmed: Mutex::default(),
            anonymous: Arc::default(),
        }
    }

    /// Whether one more session may be created in this second.
    pub(crate) fn may_create(&self) -> bool {
        let mut created = lock(&self.created);
        let now = Instant::now();
        if now.duration_since(created.0) >= Duration::from_secs(1) {
            *created = (now, 0);
        }
        created.1 += 1;
        created.1 <= self.per_second
    }

    /// Whether one more connection without a session may be open.
    pub(crate) fn anonymous(&self, limit: usize) -> Option<Anonymous> {
        let counted = Anonymous(Arc::clone(&self.anonymous));
        // counted before it is compared: the guard gives the place back
        (self.anonymous.fetch_add(1, Ordering::Relaxed) < limit).then_some(counted)
    }

    pub(crate) fn unconfirmed(&self, key: SessionKey) {
        let mut unconfirmed = lock(&self.unconfirmed);
        let now = Instant::now();
        unconfirmed.retain(|_, until| *until > now);
        unconfirmed.insert(key, now + UNCONFIRMED);
    }

    pub(crate) fn is_unconfirmed(&self, key: &SessionKey) -> bool {
        lock(&self.unconfirmed).contains_key(key)
    }

    pub(crate) fn confirmed(&self, key: &SessionKey) {
        lock(&self.unconfirmed).remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn creations_are_capped_each_second() {
        let admissions = Admissions::new(2);
        assert!(admissions.may_create() && admissions.may_create() && !admissions.may_create());
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(admissions.may_create());
    }

    #[tokio::test]
    async fn a_place_without_a_session_is_given_back() {
        let admissions = Admissions::new(1);
        let place = admissions.anonymous(1);
        assert!(place.is_some());
        assert!(admissions.anonymous(1).is_none() && admissions.anonymous(1).is_none());
        drop(place);
        assert!(admissions.anonymous(1).is_some());
    }
}
