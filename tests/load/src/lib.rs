//! Load for servers that share sessions.
//!
//! [`http`] and [`socket`] are clients: lean, so that they are not what is measured. [`node`] is a server process that
//! can be killed, [`store`] where it keeps its sessions, and [`proxy`] a connection that can be cut. [`ledger`] is the book of what was sent and what was
//! acknowledged, and says what was lost; [`counting`] fills it, with [`guide`] for what else a visitor of the guide does.
//! On top of these, [`soak`] looks for what breaks, and [`handover`] measures.

pub mod counting;
pub mod guide;
pub mod handover;
pub mod http;
pub mod ledger;
pub mod node;
mod packet;
mod polling;
pub mod proxy;
pub mod soak;
pub mod socket;
pub mod store;
mod websocket;

pub use crate::{
    http::{Answer, Http},
    node::Node,
    packet::Packet,
    proxy::Proxy,
    socket::{Socket, Transport},
    store::Store,
};

/// What goes wrong with the tools themselves.
pub type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;
