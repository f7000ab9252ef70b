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
    aliases: &'static [&'static str],
    migrate: Option<fn(&Value) -> Option<T>>,
    corrupt_is_missing: bool,
}

/// The key of a field; a missing key in a record has the value `default()`.
pub const fn key<T: Field>(name: &'static str, default: fn() -> T) -> Key<T> {
    Key {
        name,
        default,
        // by reference: no copy of the tree, no JSON text
        load: |value| T::deserialize(value).ok(),
        dump: |value| serde_json::to_value(value).ok(),
        aliases: &[],
        migrate: None,
        corrupt_is_missing: false,
    }
}

impl<T> Key<T> {
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Where the value may be besides, if it is not under its name.
    #[must_use]
    pub const fn aliases(self, aliases: &'static [&'static str]) -> Self {
        Self { aliases, ..self }
    }

    /// What becomes of a value that does not deserialize.
    #[must_use]
    pub const fn migrating(self, migrate: fn(&Value) -> Option<T>) -> Self {
        Self { migrate: Some(migrate), ..self }
    }

    /// A value that does not fit counts as missing.
    #[must_use]
    pub const fn corrupt_is_missing(self) -> Self {
        Self { corrupt_is_missing: true, ..self }
    }

    /// Reads the field.
    pub fn load(&self, fields: &Fields) -> Result<T, Corrupt> {
        let Some((name, value)) = self.find(fields) else {
            return Ok((self.default)());
        };
        match self.read(value) {
            Some(value) => Ok(value),
            None if self.corrupt_is_missing => {
                let expected = std::any::type_name::<T>();
                tracing::warn!(key = name, expected, "a stored value does not fit, and counts as missing");
                Ok((self.default)())
            }
            None => Err(Corrupt::new::<T>(name)),
        }
    }

    /// The value, and the key under which it is.
    fn find<'a>(&self, fields: &'a Fields) -> Option<(&'static str, &'a Value)> {
        self.names().find_map(|name| Some((name, fields.get(name)?)))
    }

    fn read(&self, value: &Value) -> Option<T> {
        (self.load)(value).or_else(|| (self.migrate?)(value))
    }

    /// The old keys that are in the record.
    pub(crate) fn left_behind(&self, fields: &Fields) -> impl Iterator<Item = &'static str> {
        self.aliases.iter().copied().filter(|alias| fields.get(alias).is_some())
    }

    pub(crate) fn aliased(&self) -> &'static [&'static str] {
        self.aliases
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        [self.name].into_iter().chain(self.aliases.iter().copied())
    }

    /// Whether a save of the view writes this field whether it has changed or not: it is under an old key, or in an old
    /// form. What could not be read stays as it is.
    pub(crate) fn is_outdated(&self, fields: &Fields) -> bool {
        if self.aliases.is_empty() && self.migrate.is_none() {
            return false;
        }
        self.find(fields).is_some_and(|(_, value)| {
            let fits = (self.load)(value).is_some();
            (self.left_behind(fields).next().is_some() || !fits) && (fits || self.read(value).is_some())
        })
    }

    /// Writes the field.
    pub fn dump(&self, value: &T, dump: &mut Dump<'_>) -> Result<(), Unserializable> {
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
