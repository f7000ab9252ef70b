//! Views: typed windows on a session's record, and the slots in which a handler holds them.

use std::iter::Enumerate;

use serde_json::Value;
use socketioxide::adapter::Adapter;

use crate::{
    claims::Claim,
    constant::{refuse, same},
    error::{Corrupt, Unserializable},
    field::Key,
    record::{Fields, Patch},
};

/// A struct whose fields are keys of the session record. Implemented by `#[socket_session]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a session struct",
    label = "not a session struct",
    note = "put `#[socket_session]` on `{Self}`, or take it by value if it is an extractor"
)]
pub trait View: Sized + Send + Sync + 'static {
    /// The struct's name, for messages.
    const NAME: &'static str;
    /// The keys that it claims in the record, the old ones (`alias`) too.
    const KEYS: &'static [&'static str];
    /// The key that says whose session it is.
    const USER: Option<&'static str> = None;

    /// Reads the view; missing keys get their defaults.
    fn load(fields: &Fields) -> Result<Self, Corrupt>;

    /// Writes each field, always in the same order.
    fn dump(&self, dump: &mut Dump<'_>) -> Result<(), Unserializable>;
}

/// Collects the serialized fields of a view.
///
/// The same instance is dumped before and after a handler: what differs is what it changed. (Two instances of one
/// value may serialize differently, as a `HashSet` does, so the stored form is no measure.)
#[derive(Debug)]
pub struct Dump<'a>(Dumping<'a>);

#[derive(Debug)]
enum Dumping<'a> {
    Before(&'a mut Form, &'a Fields),
    After(&'a mut Changes),
}

/// A view as it was when it was loaded.
#[derive(Debug, Default)]
struct Form {
    values: Vec<Value>,
    /// What a save writes anew and takes away, whether it has changed or not.
    outdated: Vec<Outdated>,
}

/// A field under an old key or in an old form.
#[derive(Debug)]
struct Outdated {
    /// Which one, in the order of the dump.
    field: usize,
    /// The old keys that are in the record.
    keys: Vec<&'static str>,
}

/// What has become of it.
#[derive(Debug)]
struct Changes {
    before: Enumerate<std::vec::IntoIter<Value>>,
    outdated: Vec<Outdated>,
    patch: Patch,
    /// What is outdated and has not changed.
    moves: Vec<(&'static str, Value)>,
}

impl Form {
    fn of<V: View>(view: &V, fields: &Fields) -> Result<Self, Unserializable> {
        let mut form = Self { values: Vec::with_capacity(V::KEYS.len()), outdated: Vec::new() };
        view.dump(&mut Dump(Dumping::Before(&mut form, fields)))?;
        Ok(form)
    }

    /// Adds to `patch` what is different now.
    fn changes<V: View>(self, view: &V, patch: Patch) -> Result<Patch, Unserializable> {
        let others = patch.set.len();
        let Self { values, outdated } = self;
        let mut changes = Changes { before: values.into_iter().enumerate(), outdated, patch, moves: Vec::new() };
        view.dump(&mut Dump(Dumping::After(&mut changes)))?;
        let Changes { mut patch, outdated, moves, .. } = changes;
        if patch.set.len() > others {
            patch.set.extend(moves.into_iter().map(|(key, value)| (key.into(), value)));
            patch.remove.extend(outdated.into_iter().flat_map(|outdated| outdated.keys).map(Into::into));
        }
        Ok(patch)
    }
}

impl Dump<'_> {
    /// Adds a field, unless serde cannot write it, or could not read back what it wrote.
    pub(crate) fn field<T>(&mut self, key: &Key<T>, value: &T) -> Result<(), Unserializable> {
        let now = key.value(value)?;
        match &mut self.0 {
            Dumping::Before(form, fields) => {
                if key.is_outdated(fields) {
                    let keys = key.left_behind(fields).collect();
                    form.outdated.push(Outdated { field: form.values.len(), keys });
                }
                form.values.push(now);
            }
            Dumping::After(Changes { before, outdated, patch, moves }) => match before.next() {
                Some((field, before)) if before == now => {
                    if outdated.iter().any(|outdated| outdated.field == field) {
                        moves.push((key.name(), now));
                    }
                }
                _ => {
                    key.readable(&now)?;
                    patch.set.push((key.name().into(), now));
                }
            },
        }
        Ok(())
    }
}

/// All fields of a view, as they are stored.
#[cfg(feature = "testing")]
pub(crate) fn all<V: View>(view: &V) -> Result<Fields, Unserializable> {
    // compared with nothing, each of them is a change
    Ok(Form::default().changes(view, Patch::new())?.set.into_iter().collect())
}

/// A view together with the form that it had when it was loaded.
#[derive(Debug)]
pub(crate) struct Tracked<V> {
    view: V,
    before: Form,
}

impl<V: View> Tracked<V> {
    pub(crate) fn load(fields: &Fields) -> Result<Self, ViewError> {
        let view = V::load(fields)?;
        let before = Form::of(&view, fields)?;
        Ok(Self { view, before })
    }

    pub(crate) fn view(&mut self) -> &mut V {
        &mut self.view
    }

    /// Adds to `patch` what has changed since it was loaded.
    pub(crate) fn changes(self, patch: Patch) -> Result<Patch, Unserializable> {
        self.before.changes(&self.view, patch)
    }
}

/// A view could not be read, or not be written.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    /// A stored value does not fit.
    #[error(transparent)]
    Corrupt(#[from] Corrupt),
    /// A field cannot be written.
    #[error(transparent)]
    Unserializable(#[from] Unserializable),
}

/// What a handler's views need of the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// No view: no store, no queue.
    None,
    /// Only `&` views: a fresh read that holds nobody up.
    Read,
    /// A `&mut` view: exclusive.
    Write,
}

/// One view parameter of a handler.
pub trait Slot: Sized + Send + 'static {
    /// Its part in [`Views::ACCESS`].
    const ACCESS: Access;
    /// Whether the handler can run without a session.
    const OPTIONAL: bool;
    /// The keys of its view.
    const KEYS: &'static [&'static str];
    /// The one that says whose session it is.
    const USER: Option<&'static str>;

    /// Its view, with those keys.
    fn claim() -> Claim;
    /// Reads it; `None` where there is no session.
    fn load(fields: Option<&Fields>) -> Result<Self, ViewError>;
    /// Adds its changes.
    fn changes(self, patch: Patch) -> Result<Patch, Unserializable>;
}

/// `&V`.
#[derive(Debug)]
pub struct Read<V>(V);

/// `&mut V`.
#[derive(Debug)]
pub struct Write<V>(Tracked<V>);

/// `Option<&V>`.
#[derive(Debug)]
pub struct Maybe<V>(Option<V>);

impl<V: View> Slot for Read<V> {
    const ACCESS: Access = Access::Read;
    const OPTIONAL: bool = false;
    const KEYS: &'static [&'static str] = V::KEYS;
    const USER: Option<&'static str> = V::USER;

    fn claim() -> Claim {
        Claim::of::<V>()
    }

    fn load(fields: Option<&Fields>) -> Result<Self, ViewError> {
        Ok(Self(match fields {
            Some(fields) => V::load(fields)?,
            None => V::load(&Fields::default())?,
        }))
    }

    fn changes(self, patch: Patch) -> Result<Patch, Unserializable> {
        Ok(patch)
    }
}

impl<V: View> Slot for Write<V> {
    const ACCESS: Access = Access::Write;
    const OPTIONAL: bool = false;
    const KEYS: &'static [&'static str] = V::KEYS;
    const USER: Option<&'static str> = V::USER;

    fn claim() -> Claim {
        Claim::of::<V>()
    }

    fn load(fields: Option<&Fields>) -> Result<Self, ViewError> {
        Ok(Self(match fields {
            Some(fields) => Tracked::load(fields)?,
            None => Tracked::load(&Fields::default())?,
        }))
    }

    fn changes(self, patch: Patch) -> Result<Patch, Unserializable> {
        self.0.changes(patch)
    }
}

impl<V: View> Slot for Maybe<V> {
    const ACCESS: Access = Access::Read;
    const OPTIONAL: bool = true;
    const KEYS: &'static [&'static str] = V::KEYS;
    const USER: Option<&'static str> = V::USER;

    fn claim() -> Claim {
        Claim::of::<V>()
    }

    fn load(fields: Option<&Fields>) -> Result<Self, ViewError> {
        Ok(Self(fields.map(V::load).transpose()?))
    }

    fn changes(self, patch: Patch) -> Result<Patch, Unserializable> {
        Ok(patch)
    }
}

/// A view as a parameter of a handler on adapter `A`.
///
/// The adapter is here for one reason: a bound that mentions a parameter of the `impl` is checked where the handler is
/// registered, and not a second time where it is written.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a session struct",
    label = "not a session struct",
    note = "put `#[socket_session]` on `{Self}`, or take it by value if it is an extractor"
)]
pub trait ViewParam<A: Adapter>: Sized {
    /// `&Self`.
    type Read: Slot;
    /// `&mut Self`.
    type Write: Slot;
    /// `Option<&Self>`.
    type Maybe: Slot;

    /// What the handler gets of a `&Self`.
    fn read(slot: &Self::Read) -> &Self;
    /// What the handler gets of a `&mut Self`.
    fn write(slot: &mut Self::Write) -> &mut Self;
    /// What the handler gets of an `Option<&Self>`.
    fn maybe(slot: &Self::Maybe) -> Option<&Self>;
}

#[diagnostic::do_not_recommend]
impl<A: Adapter, V: View> ViewParam<A> for V {
    type Read = Read<V>;
    type Write = Write<V>;
    type Maybe = Maybe<V>;

    fn read(slot: &Read<V>) -> &V {
        &slot.0
    }

    fn write(slot: &mut Write<V>) -> &mut V {
        slot.0.view()
    }

    fn maybe(slot: &Maybe<V>) -> Option<&V> {
        slot.0.as_ref()
    }
}

/// All view parameters of a handler: a tuple of slots. They go in and come out, so that a timeout, a panic or a
/// rollback just drops what did not come out.
pub trait Views: Sized + Send + 'static {
    /// The most that any of them needs.
    const ACCESS: Access;
    /// Whether the handler can run without a session.
    const OPTIONAL: bool;
    /// The keys of each.
    const KEYS: &'static [&'static [&'static str]];
    /// For each, the one that says whose session it is.
    const USERS: &'static [Option<&'static str>];

    /// The view of each, with its keys.
    fn claims() -> Vec<Claim>;
    /// Reads all of them.
    fn load(fields: Option<&Fields>) -> Result<Self, ViewError>;
    /// What the handler changed.
    fn changes(self) -> Result<Patch, Unserializable>;
}

const fn most(access: &[Access]) -> Access {
    let mut most = Access::None;
    let mut index = 0;
    while index < access.len() {
        if access[index] as u8 > most as u8 {
            most = access[index];
        }
        index += 1;
    }
    most
}

macro_rules! views {
    ($($slot:ident),*) => {
        #[diagnostic::do_not_recommend]
        impl<$($slot: Slot),*> Views for ($($slot,)*) {
            const ACCESS: Access = most(&[$($slot::ACCESS),*]);
            const OPTIONAL: bool = true $(&& $slot::OPTIONAL)*;
            const KEYS: &'static [&'static [&'static str]] = &[$($slot::KEYS),*];
            const USERS: &'static [Option<&'static str>] = &[$($slot::USER),*];

            fn claims() -> Vec<Claim> {
                vec![$($slot::claim()),*]
            }

            fn load(fields: Option<&Fields>) -> Result<Self, ViewError> {
                let _ = fields;
                Ok(($($slot::load(fields)?,)*))
            }

            #[allow(non_snake_case, reason = "the type parameters name the elements")]
            fn changes(self) -> Result<Patch, Unserializable> {
                let ($($slot,)*) = self;
                let patch = Patch::new();
                $(let patch = $slot.changes(patch)?;)*
                Ok(patch)
            }
        }
    };
}

views!();
views!(S1);
views!(S1, S2);
views!(S1, S2, S3);
views!(S1, S2, S3, S4);
views!(S1, S2, S3, S4, S5);
views!(S1, S2, S3, S4, S5, S6);
views!(S1, S2, S3, S4, S5, S6, S7);
views!(S1, S2, S3, S4, S5, S6, S7, S8);

/// Refuses, at compile time, two views of one handler that claim the same key: each would undo the other.
///
/// # Panics
/// At compile time only: it is evaluated in a `const`.
#[track_caller]
pub const fn assert_disjoint(views: &[&'static [&'static str]]) {
    let mut left = 0;
    while left < views.len() {
        let mut right = left + 1;
        while right < views.len() {
            let mut key = 0;
            while key < views[left].len() {
                let mut other = 0;
                while other < views[right].len() {
                    if same(views[left][key], views[right][other]) {
                        refuse([
                            "two views of this handler claim the key `",
                            views[left][key],
                            "`: give one of the structs another `prefix`, or the field another `key`",
                        ]);
                    }
                    other += 1;
                }
                key += 1;
            }
            right += 1;
        }
        left += 1;
    }
}
