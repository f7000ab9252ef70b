//! Stores that do not work at all.

use socket_session::store::StoreError;

use super::broken::{At, Result, Sabotage};

#[derive(Default)]
pub(crate) struct IsDown;

impl Sabotage for IsDown {
    async fn delete(&self, _: At<'_>) -> Result<bool> {
        Err(StoreError::unavailable("connection refused"))
    }
}

#[derive(Default)]
pub(crate) struct Panics;

impl Sabotage for Panics {
    async fn delete(&self, _: At<'_>) -> Result<bool> {
        panic!("index out of bounds")
    }
}

#[derive(Default)]
pub(crate) struct Hangs;

impl Sabotage for Hangs {
    async fn delete(&self, _: At<'_>) -> Result<bool> {
        std::future::pending().await
    }
}
