//! For how long the session of a request lives, and its cookie.

use std::time::Duration;

use http::HeaderValue;
use time::OffsetDateTime;
use tower_sessions::{Expiry, cookie::Cookie};

use super::RequestScope;
use crate::{
    about::{About, Life},
    record::{Deadline, Record},
};

/// How far a deadline moves before it is worth a save of its own.
pub(crate) const NOTABLE: time::Duration = time::Duration::seconds(1);

/// Browsers keep no cookie for longer (RFC 6265bis, section 5.5).
const LONGEST: Duration = Duration::from_hours(400 * 24);

/// What tower-sessions gives to a session whose cookie ends with the browser.
const TWO_WEEKS: Duration = Duration::from_hours(14 * 24);

/// For how long a session lives whenever it is used; `None` if it ends when it ends.
pub(crate) fn slides(expiry: Option<Expiry>) -> Option<Duration> {
    match expiry {
        Some(Expiry::OnInactivity(lifetime)) => lifetime.try_into().ok(),
        Some(Expiry::OnSessionEnd) | None => Some(TWO_WEEKS),
        Some(Expiry::AtDateTime(_)) => None,
    }
}

impl RequestScope {
    /// What this request knows of its session's record.
    pub(crate) fn learn(&self, record: &Record) {
        self.learn_about(About::of(&record.fields));
    }

    pub(crate) fn learn_about(&self, about: About) {
        self.state().about = about;
    }

    /// Whether the application has set another lifetime for this session, in this request.
    fn is_told(&self) -> bool {
        self.begun.get().is_some_and(|begun| begun.session.expiry() != begun.expiry)
    }

    /// How the deadlines of this request's session move.
    pub(crate) fn life(&self) -> Life {
        let about = self.state().about;
        let configured = self.begun.get().and_then(|begun| slides(begun.session.expiry()));
        let slides = if self.is_told() { configured } else { about.lifetime().or(configured) };
        let created = about.created().unwrap_or_else(crate::clock::now);
        Life { slides, limit: self.core.config.max_age.and_then(|age| created.checked_add(age.try_into().ok()?)) }
    }

    /// The deadline of what this request saves.
    pub(crate) fn deadline(&self) -> OffsetDateTime {
        self.allowed(self.session().map_or_else(crate::clock::now, crate::clock::deadline))
    }

    /// The deadline in the place of the one that tower-sessions has computed, which knows nothing of the record.
    pub(crate) fn allowed(&self, computed: OffsetDateTime) -> OffsetDateTime {
        let life = self.life();
        let own = self.state().about.lifetime();
        let own = own.filter(|_| !self.is_told()).and_then(|_| life.used(crate::clock::now()));
        own.unwrap_or_else(|| life.bound(computed))
    }

    /// How what is saved moves the deadline: back only if the application has set another lifetime for this session.
    pub(super) fn moves_to(&self, deadline: OffsetDateTime) -> Deadline {
        if self.is_told() { Deadline::Set(deadline) } else { Deadline::Extend(deadline) }
    }

    /// How a save of the plain session moves the deadline, if it is worth it.
    pub(crate) fn moves(&self, deadline: OffsetDateTime) -> Option<Deadline> {
        let known = self.state().deadline;
        let moved = self.moves_to(deadline);
        known.is_none_or(|known| (moved.after(known) - known).abs() >= NOTABLE).then_some(moved)
    }

    /// The cookie as the manager has made it, with the lifetime that the session has. Where events move the deadline, no
    /// response may come that renews the cookie: so it reaches as far as the session can.
    pub(super) fn dated(&self, cookie: &HeaderValue) -> HeaderValue {
        let config = &self.core.config;
        // one after the other: both look at the state
        let about = self.state().about;
        let life = self.life();
        if config.max_age.is_none() && !config.touch.by_events() && about.lifetime().is_none() {
            return cookie.clone();
        }
        let Some(mut parsed) = cookie.to_str().ok().and_then(|text| Cookie::parse(text.to_owned()).ok()) else {
            return cookie.clone();
        };
        let own = about.lifetime().filter(|_| !self.is_told());
        let Some(made) = own.or_else(|| parsed.max_age()?.try_into().ok()) else {
            // it ends with the browser
            return cookie.clone();
        };
        let left = life.limit.and_then(|limit| Duration::try_from(limit - crate::clock::now()).ok());
        let reach =
            if config.touch.by_events() { left.unwrap_or(LONGEST) } else { left.map_or(made, |left| made.min(left)) };
        let Ok(reach) = time::Duration::try_from(reach.min(LONGEST)) else {
            return cookie.clone();
        };
        parsed.set_max_age(reach);
        HeaderValue::from_str(&parsed.to_string()).unwrap_or_else(|_| cookie.clone())
    }
}
