//! Near `default_of_another_type` and `type_without_default`.

use serde::{Deserialize, Serialize};
use socket_session::socket_session;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicU32;

/// It has no `Default`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Unit {
    /// Euro.
    Euro,
    /// Pound.
    Pound,
}

/// Neither `Serialize` nor `Default`.
#[derive(Debug)]
pub struct Handle(u8);

/// Ten.
const fn ten() -> u32 {
    10
}

/// Each kind of default.
#[socket_session]
#[derive(Debug)]
pub struct Cart {
    /// An expression with commas that do not end it.
    #[session(default = BTreeMap::<String, u32>::new())]
    pub items: BTreeMap<String, u32>,
    /// A type that has no default of its own.
    #[session(default = Unit::Euro)]
    pub unit: Unit,
    /// A call.
    #[session(default = ten())]
    pub limit: u32,
    /// A block.
    #[session(default = { let pounds: Option<Unit> = Some(Unit::Pound); pounds })]
    pub other: Option<Unit>,
    /// The literal takes the field's type.
    #[session(default = 1)]
    pub version: u64,
    /// How often it was seen.
    #[session(skip)]
    seen: AtomicU32,
    /// Something of this process.
    #[session(skip, default = Handle(1))]
    handle: Handle,
}

impl Cart {
    /// What is not stored.
    #[must_use]
    pub const fn skipped(&self) -> (&AtomicU32, u8) {
        (&self.seen, self.handle.0)
    }
}
