//! What is measured: for the `metrics` crate (feature `metrics`). Without it nothing is, and these are
//! functions that do nothing. `docs/observing.md` has the names.
//!
//! No label says whose session it is: they are few, and fixed.

#[cfg(not(feature = "metrics"))]
mod off;
#[cfg(feature = "metrics")]
mod on;

#[cfg(not(feature = "metrics"))]
pub(crate) use self::off::*;
#[cfg(feature = "metrics")]
pub(crate) use self::on::*;
