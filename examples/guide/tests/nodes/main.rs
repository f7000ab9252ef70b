//! Two guides on one store: they count exactly, whatever dies, and whatever their clocks say.
//!
//! These need `redis-server`, `postgresql` and `faketime` (Debian's packages of these names); `cargo xtask test` installs
//! them.
#![expect(clippy::unwrap_used, reason = "a test fails where its tools do")]

/// Runs a test that takes a store on each of these.
macro_rules! on {
    ($($store:ident),+: $test:ident) => {
        mod $test {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $store() {
                    super::$test(load::Store::$store()).await;
                }
            )+
        }
    };
}

mod clocks;
mod crowd;
mod deaths;
mod rotation;
mod together;
