//! Sessions that have got another id a short while ago, as far as this node knows.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::record::SessionKey;

/// For how long an old id leaves a mark behind: requests that show it are late.
pub(crate) const TOMBSTONE: Duration = Duration::from_mins(1);

#[derive(Default)]
pub(crate) struct Recent(Mutex<Marks>);

#[derive(Default)]
struct Marks {
    keys: HashSet<SessionKey>,
    by_age: VecDeque<(Instant, SessionKey)>,
}

impl Recent {
    pub(crate) fn mark(&self, key: SessionKey) {
        let mut marks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        while let Some((_, old)) = marks.by_age.pop_front_if(|(since, _)| now.duration_since(*since) >= TOMBSTONE) {
            marks.keys.remove(&old);
        }
        if marks.keys.insert(key) {
            marks.by_age.push_back((now, key));
        }
    }

    pub(crate) fn has(&self, key: &SessionKey) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).keys.contains(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Id;

    #[tokio::test(start_paused = true)]
    async fn marks_do_not_pile_up() {
        let recent = Recent::default();
        let [first, second] = [Id::mint().key(), Id::mint().key()];
        recent.mark(first);
        recent.mark(first);
        assert!(recent.has(&first));
        tokio::time::advance(TOMBSTONE).await;
        recent.mark(second);
        assert!(!recent.has(&first) && recent.has(&second));
        assert_eq!(recent.0.lock().unwrap().by_age.len(), 1);
    }
}
