//! The programs in the documents are compiled with the examples of this crate.

#[doc = include_str!("../docs/from-express-session.md")]
struct FromExpressSession;

#[cfg(feature = "inspector")]
#[doc = include_str!("../docs/observing.md")]
struct Observing;

#[doc = include_str!("../docs/from-tower-sessions.md")]
struct FromTowerSessions;
