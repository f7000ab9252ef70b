//! The book of one session's count: what was sent, what was acknowledged, and what therefore is wrong.
//!
//! Each event adds one and is acknowledged with the new count. So each value belongs to one event, an acknowledged value
//! is there for good, and an event that is sent after a value is known is acknowledged with a greater one.

use std::{
    fmt,
    iter::repeat,
    ops::{AddAssign, Range},
};

/// What came out of the events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Events that were sent.
    pub sent: u64,
    /// Those that were acknowledged with a count.
    pub acknowledged: u64,
    /// Those that nobody knows of: no answer, or the answer says so.
    pub unknown: u64,
    /// Those that were refused: they do not count.
    pub refused: u64,
    /// How far the sessions have counted.
    pub counted: u64,
    /// Acknowledged, and not in the count.
    pub lost: u64,
    /// In the count, and not explained by what was sent: twice, or although it was refused.
    pub doubled: u64,
    /// Acknowledged in another order than that of the events, or a read of the past.
    pub reordered: u64,
    /// Done for a session that had ended.
    pub resurrected: u64,
    /// Answered with another session's count.
    pub foreign: u64,
    /// Not answered at all, on a connection that is there.
    pub hung: u64,
}

/// What was known when an event was sent.
#[derive(Debug, Clone, Copy)]
pub struct Sent {
    /// The greatest count that was known.
    floor: u32,
    /// The session had ended, and its client knew.
    ended: bool,
}

/// The book of one session.
#[derive(Debug)]
pub struct Ledger {
    base: u32,
    /// A count that is not less has nothing to do with this session.
    end: u32,
    /// Which values have been acknowledged, from the base on.
    values: Vec<bool>,
    /// The greatest value that anybody was told.
    known: u32,
    /// What was known when those were sent whose fate is unknown.
    unknown: Vec<u32>,
    ended: bool,
    settled: Option<u64>,
    tally: Tally,
}

impl Ledger {
    /// Of a session whose counts are these: it has counted to the first of them.
    pub fn new(counts: Range<u32>) -> Self {
        Self {
            base: counts.start,
            end: counts.end,
            values: Vec::new(),
            known: counts.start,
            unknown: Vec::new(),
            ended: false,
            settled: None,
            tally: Tally::default(),
        }
    }

    /// What has been booked so far.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// Something is about to be sent.
    pub fn now(&self) -> Sent {
        Sent { floor: self.known, ended: self.ended }
    }

    /// As [`now`](Self::now), for an event, on a connection that must not work any more if it is `old`.
    pub fn send(&mut self, old: bool) -> Sent {
        self.tally.sent += 1;
        Sent { floor: self.known, ended: self.ended || old }
    }

    /// As [`now`](Self::now), for a read on such a connection.
    pub fn look(&self, old: bool) -> Sent {
        Sent { floor: self.known, ended: self.ended || old }
    }

    /// The session has ended, and its client knows: from now on nothing may be done for it.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// An event was acknowledged.
    pub fn acknowledged(&mut self, sent: Sent, value: u64) {
        self.tally.acknowledged += 1;
        let Some(value) = self.own(value) else {
            self.tally.foreign += 1;
            return;
        };
        if sent.ended {
            self.tally.resurrected += 1;
        }
        if value <= sent.floor {
            self.tally.reordered += 1;
        }
        let index = (value - self.base) as usize;
        if self.values.len() <= index {
            self.values.resize(index + 1, false);
        }
        match self.values.get_mut(index) {
            // Two events have got the same count: one of them is not in it.
            Some(true) => self.tally.lost += 1,
            Some(slot) => *slot = true,
            None => {}
        }
        self.known = self.known.max(value);
    }

    /// An event was not sent after all.
    pub fn not_sent(&mut self) {
        self.tally.sent -= 1;
    }

    /// Nobody knows what became of an event.
    pub fn unknown(&mut self, sent: Sent) {
        self.tally.unknown += 1;
        self.unknown.push(sent.floor);
    }

    /// An event was refused: nothing has happened.
    pub fn refused(&mut self) {
        self.tally.refused += 1;
    }

    /// An event has neither an answer nor a reason to have none.
    pub fn hung(&mut self, sent: Sent) {
        self.tally.hung += 1;
        self.unknown(sent);
    }

    /// The acknowledgements of one socket came in another order than its events.
    pub fn out_of_order(&mut self) {
        self.tally.reordered += 1;
    }

    /// A count was read.
    pub fn read(&mut self, sent: Sent, value: u64) {
        match self.own(value) {
            None => self.tally.foreign += 1,
            Some(value) => {
                if value < sent.floor {
                    self.tally.reordered += 1;
                }
                if sent.ended {
                    self.tally.resurrected += 1;
                }
                self.known = self.known.max(value);
            }
        }
    }

    /// Everything has been answered, and the count is `last`.
    pub fn settle(&mut self, last: u64) {
        self.settled = Some(last);
    }

    fn own(&self, value: u64) -> Option<u32> {
        let value = u32::try_from(value).ok()?;
        (self.base..self.end).contains(&value).then_some(value)
    }

    /// The books are closed: the count is `last`, or `None` where it is gone with its session.
    pub fn close(mut self, last: Option<u64>) -> Tally {
        let last = match last.or(self.settled) {
            // What was read last is worth as much as what was acknowledged.
            Some(last) => self.own(last).unwrap_or(self.base),
            None => self.known,
        };
        self.tally.counted += u64::from(last - self.base);
        let beyond = self.values.iter().skip((last - self.base) as usize + 1);
        self.tally.lost += beyond.filter(|acknowledged| **acknowledged).count() as u64;
        self.tally.doubled += self.unexplained(last);
        self.tally
    }

    /// Each count that nobody was told belongs to an event with an unknown fate, and to one that was sent when the count
    /// was less.
    fn unexplained(&mut self, last: u32) -> u64 {
        self.unknown.sort_unstable();
        let mut candidates = self.unknown.iter().peekable();
        let (mut free, mut unexplained) = (0_u64, 0);
        for (value, acknowledged) in (self.base..=last).zip(self.values.iter().chain(repeat(&false))).skip(1) {
            while candidates.next_if(|floor| **floor < value).is_some() {
                free += 1;
            }
            if !acknowledged {
                match free.checked_sub(1) {
                    Some(rest) => free = rest,
                    None => unexplained += 1,
                }
            }
        }
        unexplained
    }
}

impl Tally {
    /// Whether every promise was kept.
    pub fn is_clean(&self) -> bool {
        self.lost + self.doubled + self.reordered + self.resurrected + self.foreign + self.hung == 0
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.sent += other.sent;
        self.acknowledged += other.acknowledged;
        self.unknown += other.unknown;
        self.refused += other.refused;
        self.counted += other.counted;
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.reordered += other.reordered;
        self.resurrected += other.resurrected;
        self.foreign += other.foreign;
        self.hung += other.hung;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sent, acknowledged, unknown, refused, counted, .. } = self;
        let Self { lost, doubled, reordered, resurrected, foreign, hung, .. } = self;
        writeln!(
            f,
            "sent {sent}, acknowledged {acknowledged}, unknown {unknown}, refused {refused}, counted {counted}"
        )?;
        write!(
            f,
            "lost {lost}, doubled {doubled}, reordered {reordered}, resurrected {resurrected}, foreign {foreign}, \
             hung {hung}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: u32 = 30_000;

    /// Three events, acknowledged with 1, 2, 3.
    fn three() -> Ledger {
        let mut ledger = Ledger::new(BASE..40_000);
        for value in 30_001..=30_003 {
            let sent = ledger.send(false);
            ledger.acknowledged(sent, value);
        }
        ledger
    }

    #[test]
    fn clean_when_all_is_there() {
        let tally = three().close(Some(30_003));
        assert!(tally.is_clean(), "{tally}");
        assert_eq!((tally.sent, tally.acknowledged, tally.counted), (3, 3, 3));
    }

    #[test]
    fn acknowledged_and_gone_is_lost() {
        assert_eq!(three().close(Some(30_001)).lost, 2);
        // the whole session, with its base
        assert_eq!(three().close(Some(0)).lost, 3);
    }

    #[test]
    fn the_same_count_twice_is_lost() {
        let mut ledger = Ledger::new(BASE..40_000);
        let (one, other) = (ledger.send(false), ledger.send(false));
        ledger.acknowledged(one, 30_001);
        ledger.acknowledged(other, 30_001);
        let tally = ledger.close(Some(30_001));
        assert_eq!((tally.lost, tally.reordered), (1, 0));
    }

    #[test]
    fn counted_and_not_sent_is_doubled() {
        assert_eq!(three().close(Some(30_004)).doubled, 1);
        let mut refused = three();
        refused.send(false);
        refused.refused();
        assert_eq!(refused.close(Some(30_004)).doubled, 1);
        let mut twice = Ledger::new(BASE..40_000);
        let sent = twice.send(false);
        twice.acknowledged(sent, 30_002);
        assert_eq!(twice.close(None).doubled, 1);
    }

    #[test]
    fn an_unknown_event_explains_one_count_after_it() {
        let mut ledger = three();
        let sent = ledger.send(false);
        ledger.unknown(sent);
        assert!(ledger.close(Some(30_004)).is_clean());

        let mut ledger = three();
        let sent = ledger.send(false);
        ledger.unknown(sent);
        assert!(ledger.close(Some(30_003)).is_clean());

        let mut ledger = three();
        let sent = ledger.send(false);
        ledger.unknown(sent);
        assert_eq!(ledger.close(Some(30_005)).doubled, 1);

        // 30,002 was counted before the unknown one was sent
        let mut ledger = Ledger::new(BASE..40_000);
        for value in [30_001, 30_003] {
            let sent = ledger.send(false);
            ledger.acknowledged(sent, value);
        }
        let sent = ledger.send(false);
        ledger.unknown(sent);
        assert_eq!(ledger.close(Some(30_003)).doubled, 1);
    }

    #[test]
    fn less_than_what_was_known_is_reordered() {
        let mut ledger = Ledger::new(BASE..40_000);
        let early = ledger.send(false);
        let sent = ledger.send(false);
        ledger.acknowledged(sent, 30_002);
        let late = ledger.send(false);
        // sent before 30,002 was known
        ledger.acknowledged(early, 30_001);
        assert_eq!(ledger.tally.reordered, 0);
        ledger.acknowledged(late, 30_001);
        assert_eq!(ledger.tally.reordered, 1);

        let mut ledger = three();
        let sent = ledger.now();
        ledger.read(sent, 30_002);
        assert_eq!(ledger.close(None).reordered, 1);
    }

    #[test]
    fn what_has_ended_does_nothing() {
        let mut ledger = three();
        let before = ledger.send(false);
        ledger.end();
        ledger.acknowledged(before, 30_004);
        assert_eq!(ledger.tally.resurrected, 0);
        let after = ledger.send(false);
        ledger.acknowledged(after, 30_005);
        assert_eq!(ledger.tally.resurrected, 1);
        let read = ledger.now();
        ledger.read(read, 30_005);
        assert_eq!(ledger.tally.resurrected, 2);

        let mut rotated = three();
        let old = rotated.send(true);
        rotated.acknowledged(old, 30_004);
        assert_eq!(rotated.close(Some(30_004)).resurrected, 1);
    }

    #[test]
    fn another_sessions_count_is_foreign() {
        let mut ledger = three();
        let sent = ledger.send(false);
        ledger.acknowledged(sent, 1);
        assert_eq!(ledger.close(None).foreign, 1);
    }

    #[test]
    fn no_answer_is_hung() {
        let mut ledger = three();
        let sent = ledger.send(false);
        ledger.hung(sent);
        let tally = ledger.close(Some(30_003));
        assert_eq!((tally.hung, tally.is_clean()), (1, false));
    }
}
