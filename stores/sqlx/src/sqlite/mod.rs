//! [`SqliteStore`], its options, and what can go wrong with it.

mod connect;
mod errands;
mod error;
mod notices;
mod page;
mod readers;
mod session;
mod statements;
mod store;
mod users;
mod work;
mod writer;

pub use self::{
    connect::Builder,
    error::{Answer, ConnectError},
    store::SqliteStore,
};
