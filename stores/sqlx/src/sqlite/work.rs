//! The operations, each on a session's entry in a transaction's page.

use socket_session::{
    SessionKey,
    store::{Acquired, Claim, Created, Deadline, Notice, Patched, Retirement, Token},
};

use super::{
    error::Failure,
    page::Page,
    session::{Session, Terms, micros},
};
use crate::encoding::Written;

/// Something to do to a session. It can be done again, if the transaction was rolled back.
pub(super) trait Work: Send + Sync + 'static {
    type Done: Send + Sync + 'static;

    /// Whether it has to be on the disk before it is answered. (Who loses a lease with the machine's power has lost the
    /// machine, too.)
    fn is_durable(&self) -> bool;

    /// Whether it wants to see the fields.
    fn reads_fields(&self) -> bool {
        false
    }

    fn run(&self, key: &SessionKey, now: i64, page: &mut Page<'_>) -> Result<Self::Done, Failure>;
}

pub(super) struct Create {
    pub(super) deadline: i64,
    pub(super) unconfirmed: bool,
    pub(super) fields: Written,
}

impl Work for Create {
    type Done = Created;

    fn is_durable(&self) -> bool {
        true
    }

    fn run(&self, key: &SessionKey, now: i64, page: &mut Page<'_>) -> Result<Created, Failure> {
        let entry = page.entry(key);
        if entry.session.as_ref().is_some_and(|session| session.deadline > now) {
            return Ok(Created::Taken);
        }
        entry.clear();
        entry.session = Some(Session::new(self.deadline, self.unconfirmed));
        entry.set(&self.fields);
        Ok(Created::Done)
    }
}

impl Work for Claim {
    type Done = Acquired;

    fn is_durable(&self) -> bool {
        false
    }

    fn reads_fields(&self) -> bool {
        true
    }

    fn run(&self, key: &SessionKey, now: i64, page: &mut Page<'_>) -> Result<Acquired, Failure> {
        let entry = page.entry(key);
        let Some(session) = entry.living(now) else {
            return Ok(Acquired::Gone);
        };
        Ok(match session.acquire(self) {
            Some(lease) => Acquired::Refused(lease),
            None => Acquired::Held(entry.record()?),
        })
    }
}

/// A patch.
pub(super) struct Change {
    pub(super) terms: Terms,
    pub(super) set: Written,
    pub(super) remove: Vec<String>,
}

impl Work for Change {
    type Done = Patched;

    /// An empty one is a renewal, or gives a lease back.
    fn is_durable(&self) -> bool {
        !self.terms.is_empty
    }

    fn run(&self, key: &SessionKey, now: i64, page: &mut Page<'_>) -> Result<Patched, Failure> {
        let entry = page.entry(key);
        let Some(session) = entry.living(now) else {
            return Ok(Patched::Gone);
        };
        let verdict = session.patch(&self.terms);
        if verdict.writes {
            entry.set(&self.set);
            entry.remove(&self.remove);
        }
        if verdict.offered.is_some() {
            page.tell(verdict.offered, Notice::Offered(*key));
        }
        Ok(verdict.patched)
    }
}

/// A lease that is given up, or an offer of it, or a place in the line.
impl Work for Token {
    type Done = ();

    fn is_durable(&self) -> bool {
        false
    }

    fn run(&self, key: &SessionKey, _: i64, page: &mut Page<'_>) -> Result<(), Failure> {
        let offered = page.entry(key).session.as_mut().and_then(|session| session.release(*self));
        if offered.is_some() {
            page.tell(offered, Notice::Offered(*key));
        }
        Ok(())
    }
}

/// A touch.
impl Work for Deadline {
    type Done = bool;

    fn is_durable(&self) -> bool {
        true
    }

    fn run(&self, key: &SessionKey, now: i64, page: &mut Page<'_>) -> Result<bool, Failure> {
        let Some(session) = page.entry(key).living(now) else {
            return Ok(false);
        };
        session.unconfirmed = false;
        session.move_deadline(*self);
        Ok(true)
    }
}

pub(super) struct Delete;

impl Work for Delete {
    type Done = bool;

    fn is_durable(&self) -> bool {
        true
    }

    /// The mark of a retired one stays.
    fn run(&self, key: &SessionKey, now: i64, page: &mut Page<'_>) -> Result<bool, Failure> {
        let entry = page.entry(key);
        let Some(session) = entry.session.take_if(|session| session.retired_by.is_none()) else {
            return Ok(false);
        };
        entry.clear();
        Ok(session.lives(now))
    }
}

impl Work for Retirement {
    type Done = Patched;

    fn is_durable(&self) -> bool {
        true
    }

    fn run(&self, key: &SessionKey, now: i64, page: &mut Page<'_>) -> Result<Patched, Failure> {
        const APPLIED: Patched = Patched::Applied { held: false, alone: false };
        let entry = page.entry(key);
        if entry.session.as_ref().is_some_and(|session| session.retired_by == Some(self.transaction)) {
            return Ok(APPLIED);
        }
        let Some(session) = entry.living(now) else {
            return Ok(Patched::Gone);
        };
        if self.token.is_some_and(|token| !session.carries(token)) {
            return Ok(Patched::Fenced);
        }
        if session.latest() != self.seen {
            return Ok(Patched::Changed);
        }
        *session = Session { retired_by: Some(self.transaction), ..Session::new(micros(self.until), false) };
        entry.clear();
        Ok(APPLIED)
    }
}

/// An announcement, to all nodes.
impl Work for Notice {
    type Done = ();

    fn is_durable(&self) -> bool {
        false
    }

    fn run(&self, _: &SessionKey, _: i64, page: &mut Page<'_>) -> Result<(), Failure> {
        page.tell(None, *self);
        Ok(())
    }
}
