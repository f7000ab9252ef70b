//! `#[session(migrate = path)]`: what was stored by an earlier version of the program becomes the field's type.

use std::marker::PhantomData;

use serde::de::DeserializeOwned;
use serde_json::Value;

/// A function from what was stored to a field's type. `M` is what inference fills in.
#[diagnostic::on_unimplemented(
    message = "this function does not make a `{T}` of what was stored",
    label = "not a `fn(Old) -> {T}`",
    note = "write `fn path(old: Old) -> {T}`, or `-> Result<{T}, E>`, where `Old` is the old type, which is `Deserialize`, or `serde_json::Value`"
)]
pub trait Migrates<T, M> {
    /// The value, unless the function refuses, or what was stored is not what it takes either.
    fn migrate(self, stored: &Value) -> Option<T>;
}

/// Marks a function that always has a value.
#[derive(Debug)]
pub struct Always<Old>(PhantomData<Old>);

/// Marks a function that may refuse.
#[derive(Debug)]
pub struct Perhaps<Old, E>(PhantomData<(Old, E)>);

#[diagnostic::do_not_recommend]
impl<T, Old: DeserializeOwned, F: FnOnce(Old) -> T> Migrates<T, Always<Old>> for F {
    fn migrate(self, stored: &Value) -> Option<T> {
        Old::deserialize(stored).ok().map(self)
    }
}

#[diagnostic::do_not_recommend]
impl<T, E, Old: DeserializeOwned, F: FnOnce(Old) -> Result<T, E>> Migrates<T, Perhaps<Old, E>> for F {
    fn migrate(self, stored: &Value) -> Option<T> {
        self(Old::deserialize(stored).ok()?).ok()
    }
}

/// Calls the function that `migrate` names.
pub fn migrate<T, F: Migrates<T, M>, M>(stored: &Value, function: F) -> Option<T> {
    function.migrate(stored)
}
