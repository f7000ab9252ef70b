//! Near `named_like_a_primitive`, and names that generated code uses itself.

use socket_session::{on, on_connect, socket_session};
use socketioxide::extract::Data;

/// Fields named like parameters and keywords.
#[socket_session]
#[derive(Debug)]
pub struct Visit {
    /// A keyword.
    pub r#type: String,
    /// A keyword.
    pub r#fn: u8,
    /// As in `View::load`.
    pub fields: u8,
    /// As in `View::dump`.
    pub dump: u8,
    /// As in the setters.
    pub value: u8,
    /// As the other trait's method.
    pub load: u8,
}

/// Handlers named like what is in the generated code around them.
#[on("views")]
pub async fn views(args: &mut Visit, Data(views): Data<u8>) -> u8 {
    args.fields = views;
    views
}

/// As the arguments.
#[on("args")]
pub async fn args(args: Data<u8>) -> u8 {
    args.0
}

/// As the parts.
#[on("parts")]
pub async fn parts(_parts: Data<u8>) {}

/// As what is returned.
#[on("returned")]
pub async fn returned() {}

/// As the outcome.
#[on("outcome")]
pub async fn outcome() {}

/// As the first view.
#[on("view0")]
pub async fn view0(_visit: &Visit) {}

/// As the first argument.
#[on("arg0")]
pub async fn arg0(_by: Data<u8>) {}

/// As the check of the adapter.
#[on("check")]
pub async fn check() {}

/// As the function of the trait.
#[on("run")]
pub async fn run(_visit: &Visit) {}

/// A keyword.
#[on("type")]
pub async fn r#type(_visit: &Visit) {}

/// Session structs named like extractors.
pub mod extractors {
    use super::{on, socket_session};

    /// Like socketioxide's.
    #[socket_session]
    #[derive(Debug)]
    pub struct State {
        /// A value.
        pub state: u8,
    }

    /// Like the library's.
    #[socket_session]
    #[derive(Debug)]
    pub struct Session {
        /// A value.
        pub session: u8,
    }

    /// They are views like any other.
    #[on("state")]
    pub async fn state(_state: &State, _session: &mut Session) {}
}

/// Nearly a primitive.
#[on("string")]
pub async fn string() {}

/// Nearly a primitive.
#[on_connect]
pub async fn u8_() {}
