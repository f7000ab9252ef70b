//! Near `key_of_another_field`, `key_reserved` and `same_key_as_another`.

use socket_session::{on, socket_session};

/// A key of a name that is another field's, which has another key.
#[socket_session]
#[derive(Debug)]
pub struct Visit {
    /// Its key is not its name.
    #[session(key = "userId")]
    pub count: u32,
    /// Its key is the name of the first.
    #[session(key = "count")]
    pub total: u32,
    /// Like the library's own, but not one.
    #[session(key = "_socket_session")]
    pub single: u32,
    /// Several attributes add up.
    #[session(key = "twice")]
    #[session(default = 2)]
    pub several: u32,
    /// What is not stored claims no key.
    #[session(skip)]
    pub kind: u32,
    /// Anything may be a key.
    #[session(key = "a key, \"with\" anything: ü")]
    pub anything: u32,
}

/// The same names under a prefix.
#[socket_session(prefix = "cart.")]
#[derive(Debug)]
pub struct Cart {
    /// `cart.count`
    pub count: u32,
    /// `cart.kind`
    pub kind: u32,
}

/// It claims what the first skips.
#[socket_session]
#[derive(Debug)]
pub struct Other {
    /// `kind`
    pub kind: u32,
}

/// Disjoint.
#[on("all")]
pub async fn all(_visit: &Visit, _cart: &mut Cart, _other: Option<&Other>) {}
