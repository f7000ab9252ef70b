//! Near the cases of `guard_…`: everything that a path to a guard may be.

use socket_session::{EventError, guard, on, socket_session};
use socketioxide::extract::{Data, SocketRef};

/// The view of the guards: not that of the handler.
#[socket_session(prefix = "user.")]
#[derive(Debug)]
pub struct User {
    /// Whether it may.
    pub admin: bool,
}

/// The view of the handlers.
#[socket_session]
#[derive(Debug)]
pub struct Visit {
    /// How many there were.
    pub count: u32,
}

impl User {
    /// A method is a function too.
    #[must_use]
    pub const fn is_admin(&self) -> bool {
        self.admin
    }
}

/// A private one.
const fn private(user: &User) -> bool {
    user.admin
}

/// A constant that is a function.
pub const CONSTANT: fn(&User) -> bool = private;

/// Guards of a module.
pub mod rules {
    use super::{User, guard};

    /// A plain one.
    #[must_use]
    pub const fn plain(user: &User) -> bool {
        user.admin
    }

    /// One that can wait.
    #[guard]
    pub async fn slow(user: &User) -> bool {
        user.admin
    }
}

/// A plain one with another type to its result.
#[must_use]
pub const fn any<const N: usize>(_: &Visit) -> bool {
    N > 0
}

/// It says why not.
#[guard]
pub async fn in_words(user: Option<&User>, _socket: SocketRef) -> Result<(), &'static str> {
    if user.is_some_and(User::is_admin) { Ok(()) } else { Err("admins only") }
}

/// It says so or fails.
#[guard]
pub async fn or_fails(visit: &Visit, user: &User) -> Result<bool, EventError> {
    Ok(user.admin && visit.count > 0)
}

/// By its name.
#[on("a", guard = private)]
pub async fn a(_visit: &mut Visit) {}

/// By a method.
#[on("b", guard = User::is_admin)]
pub async fn b(_visit: &mut Visit) {}

/// By a constant.
#[on("c", guard = CONSTANT)]
pub async fn c(_visit: &mut Visit) {}

/// By relative and absolute paths, plain and not.
#[on("d", guard = rules::plain)]
pub async fn d(_visit: &mut Visit) {}

/// By relative and absolute paths, plain and not.
#[on("e", guard = crate::guards::rules::slow)]
pub async fn e(_visit: &mut Visit) {}

/// By relative and absolute paths, plain and not.
#[on("f", guard = self::in_words)]
pub async fn f(_data: Data<u8>) {}

/// With generic arguments.
#[on("g", guard = any::<2>)]
pub async fn g() {}

/// By one that fails.
#[on("h", guard = or_fails)]
pub async fn h(_user: &User, _visit: &mut Visit) {}
