//! Whether a type says what it is in TypeScript. Generated code knows types by their tokens only, so it asks by method
//! lookup: with each reference that is taken off the receiver, the next trait is looked at, and the first that fits
//! answers.

use std::marker::PhantomData;

use socketioxide::extract::{Data, TryData};
use ts_rs::TS;

use super::{Types, UNKNOWN};

macro_rules! probe {
    ($($(#[$docs:meta])* $name:ident),*) => {$(
        $(#[$docs])*
        #[derive(Debug)]
        pub struct $name<T>(PhantomData<fn() -> T>);

        impl<T> $name<T> {
            #[expect(clippy::new_without_default, reason = "generated code names it, and nobody else")]
            #[expect(missing_docs, reason = "as above")]
            pub fn new() -> Self {
                Self(PhantomData)
            }
        }
    )*};
}
probe!(
    /// A parameter that is taken by value.
    Argument,
    /// What a handler returns.
    Reply,
    /// A part of a server event.
    Value
);

/// What a handler returns that does not say its type, as an `impl Serialize`.
#[derive(Debug)]
pub struct Untold;

/// `Data<(A, B)>`: several arguments.
pub trait Tuple {
    /// Their types.
    fn arguments(&self, types: &mut Types) -> Option<Vec<String>>;
}

/// `Data<T>`.
pub trait KnownArgument {
    /// Its type.
    fn arguments(&self, types: &mut Types) -> Option<Vec<String>>;
}

/// `Data<T>`, of whatever.
pub trait UnknownArgument {
    /// `unknown`.
    fn arguments(&self, types: &mut Types) -> Option<Vec<String>>;
}

/// Another extractor, which takes nothing from the client.
pub trait NoArgument {
    /// Nothing.
    fn arguments(&self, types: &mut Types) -> Option<Vec<String>>;
}

macro_rules! tuples {
    ($extractor:ident: $(($($part:ident),*))*) => {$(
        impl<$($part: TS + 'static),*> Tuple for &&&Argument<$extractor<($($part,)*)>> {
            fn arguments(&self, types: &mut Types) -> Option<Vec<String>> {
                let _ = &types;
                Some(vec![$(types.name::<$part>()),*])
            }
        }
    )*};
}

macro_rules! arguments {
    ($($extractor:ident)*) => {$(
        tuples!($extractor: () (T1) (T1, T2) (T1, T2, T3) (T1, T2, T3, T4) (T1, T2, T3, T4, T5) (T1, T2, T3, T4, T5, T6));

        impl<T: TS + 'static> KnownArgument for &&Argument<$extractor<T>> {
            fn arguments(&self, types: &mut Types) -> Option<Vec<String>> {
                Some(vec![types.name::<T>()])
            }
        }

        impl<T> UnknownArgument for &Argument<$extractor<T>> {
            fn arguments(&self, _: &mut Types) -> Option<Vec<String>> {
                Some(vec![UNKNOWN.to_owned()])
            }
        }
    )*};
}
arguments!(Data TryData);

impl<T> NoArgument for Argument<T> {
    fn arguments(&self, _: &mut Types) -> Option<Vec<String>> {
        None
    }
}

/// `&T`, as from a view, or in a `Result`.
pub trait ReplyByReference {
    /// The type behind it.
    fn reply(&self, types: &mut Types) -> String;
}

/// `Result<T, E>`, under whatever name.
pub trait KnownResult {
    /// Its type.
    fn reply(&self, types: &mut Types) -> String;
}

/// `Result<T, E>`, of whatever.
pub trait UnknownResult {
    /// `unknown`.
    fn reply(&self, types: &mut Types) -> String;
}

/// Any other value.
pub trait KnownReply {
    /// Its type.
    fn reply(&self, types: &mut Types) -> String;
}

/// Anything.
pub trait UnknownReply {
    /// `unknown`.
    fn reply(&self, types: &mut Types) -> String;
}

impl<T: TS + 'static + ?Sized> ReplyByReference for &&&&Reply<&T> {
    fn reply(&self, types: &mut Types) -> String {
        types.name::<T>()
    }
}

impl<T: TS + 'static + ?Sized, E> ReplyByReference for &&&&Reply<Result<&T, E>> {
    fn reply(&self, types: &mut Types) -> String {
        types.name::<T>()
    }
}

impl<T: TS + 'static, E> KnownResult for &&&Reply<Result<T, E>> {
    fn reply(&self, types: &mut Types) -> String {
        types.name::<T>()
    }
}

impl<T, E> UnknownResult for &&Reply<Result<T, E>> {
    fn reply(&self, _: &mut Types) -> String {
        UNKNOWN.to_owned()
    }
}

impl<T: TS + 'static> KnownReply for &Reply<T> {
    fn reply(&self, types: &mut Types) -> String {
        types.name::<T>()
    }
}

impl<T> UnknownReply for Reply<T> {
    fn reply(&self, _: &mut Types) -> String {
        UNKNOWN.to_owned()
    }
}

/// A part of a server event.
pub trait KnownValue {
    /// Its type.
    fn name(&self, types: &mut Types) -> String;
}

/// A part of a server event that does not say what it is.
pub trait UnknownValue {
    /// `unknown`.
    fn name(&self, types: &mut Types) -> String;
}

impl<T: TS + 'static> KnownValue for &Value<T> {
    fn name(&self, types: &mut Types) -> String {
        types.name::<T>()
    }
}

impl<T> UnknownValue for Value<T> {
    fn name(&self, _: &mut Types) -> String {
        UNKNOWN.to_owned()
    }
}
