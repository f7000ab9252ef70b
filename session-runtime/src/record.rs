//! What a store and the engine exchange: the key of a session, its record, and the patch of a record.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    fmt,
    hash::{BuildHasherDefault, Hash, Hasher},
    sync::Arc,
};

use serde_json::Value;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use crate::store::Fence;

/// A session's id: 128 random bits, the credential that the cookie carries.
///
/// Whoever has it has the session, so it prints nothing of itself: neither `Debug` nor `Display`
/// shows it. Where a name for a session is needed, use [`SessionKey`].
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Id(pub(crate) tower_sessions::session::Id);

impl Id {
    /// A new random id.
    pub(crate) fn mint() -> Self {
        Self(tower_sessions::session::Id::default())
    }

    /// The key under which stores keep this session.
    pub fn key(&self) -> SessionKey {
        SessionKey(Sha256::digest(self.0.0.to_le_bytes()).into())
    }
}

impl From<tower_sessions::session::Id> for Id {
    fn from(id: tower_sessions::session::Id) -> Self {
        Self(id)
    }
}

impl From<Id> for tower_sessions::session::Id {
    fn from(id: Id) -> Self {
        id.0
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Id(…)")
    }
}

/// SHA-256 of a session's id: what stores key by, so that a leaked dump holds no credentials.
///
/// It is safe to log; `Display` shows its first 16 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionKey([u8; 32]);

/// A part of a hash is a hash.
impl Hash for SessionKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        if let Some(part) = self.0.first_chunk() {
            state.write_u64(u64::from_le_bytes(*part));
        }
    }
}

/// What there is of each session that exists.
pub(crate) type BySession<T> = HashMap<SessionKey, T, BuildHasherDefault<Hashed>>;

/// The hash of what is one: no client chooses the key of a session that exists, so there is nothing to be mixed.
#[derive(Default)]
pub(crate) struct Hashed(u64);

impl Hasher for Hashed {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl SessionKey {
    /// All 32 bytes of the hash.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The Socket.IO room that holds the sockets of this session, in each namespace.
    pub(crate) fn room(&self) -> String {
        use base64::Engine as _;
        let mut room = String::from("session:");
        base64::prelude::BASE64_URL_SAFE_NO_PAD.encode_string(self.0, &mut room);
        room
    }
}

/// For a store that gets its keys back in a message; the bytes of [`SessionKey::as_bytes`].
impl From<[u8; 32]> for SessionKey {
    fn from(hash: [u8; 32]) -> Self {
        Self(hash)
    }
}

impl fmt::Display for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().take(8).try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionKey({self})")
    }
}

/// SHA-256 of what a user is called, in the field under `#[session(user)]`: what stores key by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserKey([u8; 32]);

impl UserKey {
    /// That of a stored value; `None` for `null`, which stands for nobody.
    pub(crate) fn of(value: &Value) -> Option<Self> {
        if value.is_null() {
            return None;
        }
        let mut hash = Sha256::new();
        // another hash than a session's, whatever the value
        hash.update(b"user ");
        hash.update(value.to_string());
        Some(Self(hash.finalize().into()))
    }

    /// All 32 bytes of the hash.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// For a store that gets its keys back; the bytes of [`UserKey::as_bytes`].
impl From<[u8; 32]> for UserKey {
    fn from(hash: [u8; 32]) -> Self {
        Self(hash)
    }
}

impl fmt::Display for UserKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().take(8).try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for UserKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UserKey({self})")
    }
}

/// The name of a field in a record. A view's own keys are `'static`, so they cost no allocation.
pub type FieldKey = Cow<'static, str>;

/// The fields of a record: a snapshot that is cheap to clone and never changes under its reader.
#[derive(Clone, Default, PartialEq)]
pub struct Fields(Arc<BTreeMap<FieldKey, Value>>);

impl Fields {
    /// The stored value of `key`.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// Each key with its value, in the order of the keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(key, value)| (key.as_ref(), value))
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no field.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Applies the changes of a patch: first what it sets, then what it removes.
    ///
    /// Copies the map only if somebody still holds a snapshot of it.
    pub fn apply(&mut self, patch: &Patch) {
        if patch.set.is_empty() && patch.remove.is_empty() {
            return;
        }
        let fields = Arc::make_mut(&mut self.0);
        for (key, value) in &patch.set {
            fields.insert(key.clone(), value.clone());
        }
        for key in &patch.remove {
            fields.remove(key);
        }
    }

    /// Roughly how many bytes the fields take as JSON.
    pub(crate) fn size(&self) -> usize {
        self.iter().map(|(key, value)| key.len() + size(value)).sum()
    }
}

/// Roughly how many bytes a value takes as JSON; cheap, and never too small by more than its punctuation.
pub(crate) fn size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 4,
        Value::Number(_) => 8,
        Value::String(text) => text.bytes().map(escaped).sum::<usize>() + 2,
        Value::Array(items) => items.iter().map(|item| size(item) + 1).sum::<usize>() + 2,
        Value::Object(map) => map.iter().map(|(key, value)| key.len() + size(value) + 4).sum::<usize>() + 2,
    }
}

/// What JSON makes of a byte.
fn escaped(byte: u8) -> usize {
    match byte {
        b'"' | b'\\' => 2,
        0..0x20 => 6,
        _ => 1,
    }
}

impl FromIterator<(FieldKey, Value)> for Fields {
    fn from_iter<T: IntoIterator<Item = (FieldKey, Value)>>(fields: T) -> Self {
        Self(Arc::new(fields.into_iter().collect()))
    }
}

/// Shows the keys only: the values are the user's.
impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// One session as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The session's values by key.
    pub fields: Fields,
    /// When the session ends, by the clock of the node that looks.
    pub deadline: OffsetDateTime,
    /// Made by a handshake, and its cookie has not come back yet: the deadline is near, until the first
    /// request that carries the cookie calls [`Store::touch`](crate::store::Store::touch), which clears it.
    pub unconfirmed: bool,
    /// The last transaction that has changed it. That is for the store to know: what
    /// [`Store::create`](crate::store::Store::create) is given does not count.
    pub latest: Option<TransactionId>,
}

/// A random number that names one transaction.
///
/// A store keeps the last few beside the record, and looks at them before the fence: so a patch to which no answer came
/// can be sent again, and is applied once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TransactionId(pub u128);

impl TransactionId {
    /// A new random one.
    pub(crate) fn mint() -> Self {
        Self(u128::from_le_bytes(tower_sessions::session::Id::default().0.to_le_bytes()))
    }
}

/// The difference that one transaction makes to a record: what it changed and nothing else.
#[derive(Clone, PartialEq)]
pub struct Patch {
    /// Names the transaction.
    pub transaction: TransactionId,
    /// The changed keys with their new values.
    pub set: Vec<(FieldKey, Value)>,
    /// The keys that are gone.
    pub remove: Vec<FieldKey>,
    /// The new deadline, if it moves.
    pub deadline: Option<Deadline>,
    /// The lease under which this is written; `None` where the store has no leases, and for writers that take part by
    /// key only (plain `tower_sessions::Session`s).
    pub fence: Option<Fence>,
}

/// How a patch or a touch moves a session's deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deadline {
    /// To this, unless it is later already.
    Extend(OffsetDateTime),
    /// To this, whatever it was.
    Set(OffsetDateTime),
}

impl Deadline {
    /// What becomes of a deadline.
    pub fn after(self, current: OffsetDateTime) -> OffsetDateTime {
        match self {
            Self::Extend(deadline) => current.max(deadline),
            Self::Set(deadline) => deadline,
        }
    }
}

impl Patch {
    /// A patch that changes nothing yet.
    pub fn new() -> Self {
        Self { transaction: TransactionId::mint(), set: Vec::new(), remove: Vec::new(), deadline: None, fence: None }
    }

    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.set.is_empty() && self.remove.is_empty() && self.deadline.is_none()
    }

    /// The keys that it changes.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &FieldKey> {
        self.set.iter().map(|(key, _)| key).chain(&self.remove)
    }

    /// Whether it changes a field.
    pub(crate) fn changes_fields(&self) -> bool {
        !(self.set.is_empty() && self.remove.is_empty())
    }

    /// This patch and then the other, as one: what the other says of a key counts.
    pub(crate) fn then(mut self, other: Self) -> Self {
        if self.is_empty() {
            return Self { transaction: self.transaction, fence: self.fence, ..other };
        }
        let says = |key: &FieldKey| other.remove.contains(key) || other.set.iter().any(|(set, _)| set == key);
        self.set.retain(|(key, _)| !says(key));
        self.remove.retain(|key| !says(key));
        self.set.extend(other.set);
        self.remove.extend(other.remove);
        self.deadline = match (self.deadline, other.deadline) {
            (Some(Deadline::Set(first)), Some(Deadline::Extend(second))) => Some(Deadline::Set(first.max(second))),
            (Some(Deadline::Extend(first)), Some(Deadline::Extend(second))) => {
                Some(Deadline::Extend(first.max(second)))
            }
            (first, second) => second.or(first),
        };
        self
    }
}

impl Default for Patch {
    fn default() -> Self {
        Self::new()
    }
}

/// Shows the keys only: the values are the user's.
impl fmt::Debug for Patch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Patch")
            .field("set", &self.set.iter().map(|(key, _)| key).collect::<Vec<_>>())
            .field("remove", &self.remove)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
