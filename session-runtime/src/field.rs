//! The bound on the types that a session struct's fields may have, and how one of them is read and written.

use std::fmt;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    error::{Corrupt, Unserializable},
    record::Fields,
    view::Dump,
};

/// A type that a session can hold: anything that serde can write and read back.
///
/// Implemented for all of them; there is nothing to do.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be stored in a session",
    label = "must be `Serialize + DeserializeOwned + Send + Sync + 'static`",
    note = "add `#[derive(serde::Serialize, serde::Deserialize)]` to `{Self}`, or mark the field `#[session(skip)]`"
)]
pub trait Field: Serialize + DeserializeOwned + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> Field for T {}

/// A type that a field can have without `#[session(default = …)]`.
///
/// Implemented for everything that is `Default`; there is nothing to do.
#[diagnostic::on_unimplemented(
    message = "no default for a session field of type `{Self}`",
    label = "needs a value where the session has none",
    note = "write `#[session(default = …)]` above the field, or implement `Default` for `{Self}`"
)]
pub trait Defaulted {
    /// The value.
    fn default_value() -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: Default> Defaulted for T {
    fn default_value() -> Self {
        T::default()
    }
}

/// One key of a record with all that is done with its value.
///
/// Generated code makes one for each field, and only there is the type's bound asked for: a type that cannot be stored
/// is one error, where it is written.
pub struct Key<T: 'static> {
    name: &'static str,
    default: fn() -> T,
    load: fn(&Value) -> Option<T>,
    dump: fn(&T) -> Option<Value>,
}

/// The key of a field; a missing key in a record has the value `default()`.
pub const fn key<T: Field>(name: &'static str, default: fn() -> T) -> Key<T> {
    Key {
        name,
        default,
        // by reference: no copy of the tree, no JSON text
        load: |value| T::deserialize(value).ok(),
        dump: |value| serde_json::to_value(value).ok(),
    }
}

impl<T> Key<T> {
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Reads the field.
    pub fn load(&self, fields: &Fields) -> Result<T, Corrupt> {
        match fields.get(self.name) {
            Some(value) => (self.load)(value).ok_or_else(|| Corrupt::new::<T>(self.name)),
            None => Ok((self.default)()),
        }
    }

    /// Writes the field.
    pub fn dump(&self, value: &T, dump: &mut Dump) -> Result<(), Unserializable> {
        dump.field(self, value)
    }

    pub(crate) fn value(&self, value: &T) -> Result<Value, Unserializable> {
        (self.dump)(value).ok_or_else(|| Unserializable::field::<T>(self.name))
    }

    /// Checks that what would be stored can be read back: JSON writes `NaN` as `null`, for example.
    pub(crate) fn readable(&self, value: &Value) -> Result<(), Unserializable> {
        (self.load)(value).map(drop).ok_or_else(|| Unserializable::field::<T>(self.name))
    }
}

impl<T> Clone for Key<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Key<T> {}

impl<T> fmt::Debug for Key<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Key").field(&self.name).finish()
    }
}
