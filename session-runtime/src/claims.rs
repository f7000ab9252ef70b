//! Which views the handlers of a namespace have, and that no two of them want one key.

use std::any::{TypeId, type_name};

use crate::view::View;

/// A view, with the keys that it claims in the record.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    view: TypeId,
    name: &'static str,
    keys: &'static [&'static str],
}

impl Claim {
    /// What a view claims.
    pub fn of<V: View>() -> Self {
        Self { view: TypeId::of::<V>(), name: type_name::<V>(), keys: V::KEYS }
    }

    fn disputed(&self, other: &Self) -> Option<&'static str> {
        self.keys.iter().find(|key| self.view != other.view && other.keys.contains(key)).copied()
    }
}

/// Those of a namespace.
#[derive(Clone, Default)]
pub(crate) struct Claims(Vec<Claim>);

impl Claims {
    /// # Panics
    /// If another view claims a key of one of these: each would undo what the other has saved, or could not read it.
    #[track_caller]
    #[expect(clippy::panic, reason = "a mistake in the program, which its first start shows")]
    pub(crate) fn add(&mut self, claims: Vec<Claim>) {
        for claim in claims {
            for other in &self.0 {
                if let Some(key) = claim.disputed(other) {
                    panic!(
                        "the views `{}` and `{}` of one namespace both claim the key `{key}` of the session: \
                         give one of the structs another `prefix`, or the field another `key`",
                        other.name, claim.name,
                    );
                }
            }
            if !self.0.iter().any(|other| other.view == claim.view) {
                self.0.push(claim);
            }
        }
    }
}
