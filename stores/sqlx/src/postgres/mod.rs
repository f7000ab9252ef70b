//! [`PostgresStore`], its options, and what can go wrong with it.

mod connect;
mod error;
mod migrate;
mod notices;
mod pool;
mod purge;
mod statements;
mod store;

pub use self::{
    connect::Builder,
    error::{Answer, ConnectError},
    store::PostgresStore,
};
