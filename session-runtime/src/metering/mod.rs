//! What is measured: for the `metrics` crate (feature `metrics`), and for the inspector (feature `inspector`). Without both,
//! nothing is, and these are functions that do nothing. `docs/observing.md` has the names.
//!
//! No label says whose session it is: they are few, and fixed.

#[cfg(feature = "inspector")]
pub(crate) mod counts;
#[cfg(not(any(feature = "metrics", feature = "inspector")))]
mod off;
#[cfg(any(feature = "metrics", feature = "inspector"))]
mod on;

#[cfg(not(any(feature = "metrics", feature = "inspector")))]
pub(crate) use self::off::*;
#[cfg(any(feature = "metrics", feature = "inspector"))]
pub(crate) use self::on::*;
