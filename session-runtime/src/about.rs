//! What the library itself notes in a session's record, in a field of its own that no view and no plain session sees: since
//! when it exists, and for how long it lives, where that is another than what all sessions have.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;

use crate::record::{FieldKey, Fields, Patch};

/// The key of that field. The macro reserves all keys that begin so.
pub(crate) const ABOUT: &str = "__socket_session";

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct About {
    /// In seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    created: Option<i64>,
    /// For how long it lives without use, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lifetime: Option<u64>,
}

impl About {
    /// What is noted; nothing, if that cannot be read.
    pub(crate) fn of(fields: &Fields) -> Self {
        let noted = fields.get(ABOUT).map(Self::deserialize);
        noted.and_then(Result::ok).unwrap_or_default()
    }

    pub(crate) fn created(self) -> Option<OffsetDateTime> {
        self.created.and_then(|created| OffsetDateTime::from_unix_timestamp(created).ok())
    }

    pub(crate) fn lifetime(self) -> Option<Duration> {
        self.lifetime.map(Duration::from_secs)
    }

    pub(crate) fn born(self, now: OffsetDateTime) -> Self {
        Self { created: Some(now.unix_timestamp()), ..self }
    }

    /// Its age begins anew.
    pub(crate) fn reborn(self) -> Self {
        Self { created: None, ..self }
    }

    pub(crate) fn living(self, lifetime: Duration) -> Self {
        Self { lifetime: Some(lifetime.as_secs().max(1)), ..self }
    }

    fn entry(self) -> (FieldKey, Value) {
        let mut noted = serde_json::Map::new();
        noted.extend(self.created.map(|created| ("created".to_owned(), created.into())));
        noted.extend(self.lifetime.map(|lifetime| ("lifetime".to_owned(), lifetime.into())));
        (ABOUT.into(), noted.into())
    }

    /// The change that notes it.
    pub(crate) fn patch(self) -> Patch {
        if self == Self::default() {
            return Patch { remove: vec![ABOUT.into()], ..Patch::new() };
        }
        Patch { set: vec![self.entry()], ..Patch::new() }
    }
}

/// How the deadlines of a session move.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Life {
    /// For how long it lives from now on whenever it is used; `None` if it ends when it ends.
    pub(crate) slides: Option<Duration>,
    /// When it ends at the latest.
    pub(crate) limit: Option<OffsetDateTime>,
}

impl Life {
    /// A deadline that it may have.
    pub(crate) fn bound(self, deadline: OffsetDateTime) -> OffsetDateTime {
        self.limit.map_or(deadline, |limit| deadline.min(limit))
    }

    /// The deadline of a session that is used now.
    pub(crate) fn used(self, now: OffsetDateTime) -> Option<OffsetDateTime> {
        let slides = self.slides?;
        Some(self.bound(now.checked_add(time::Duration::try_from(slides).ok()?)?))
    }
}
