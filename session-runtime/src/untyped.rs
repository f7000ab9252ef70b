//! Without the feature `ts` nobody is to be told what an event is in TypeScript.

/// For generated code: nothing.
#[doc(hidden)]
#[macro_export]
macro_rules! __socket_session_typescript {
    ($($_:tt)*) => {};
}

/// For generated code: nothing.
#[doc(hidden)]
#[macro_export]
macro_rules! __socket_session_typescript_event {
    ($($_:tt)*) => {};
}
