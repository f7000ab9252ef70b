//! What nodes tell each other. A message that is lost costs a pause, and nothing else: what is not heard is found out.

use crate::record::SessionKey;

use super::NodeId;

/// What a node is told by the store, or through it by another node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The lease of this session is offered to this node. Sent by the store, to the node that the claim named.
    Offered(SessionKey),
    /// A session has ended. Sent to all nodes, with [`Store::announce`](super::Store::announce).
    Ended {
        /// Which one.
        key: SessionKey,
        /// The node that says so, which knows.
        by: NodeId,
        /// How.
        how: Ending,
    },
    /// Notices may have been missed, or were said before this node listened: whoever waits for one looks, and it is checked
    /// which sessions have ended.
    Missed,
}

/// How a session has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It was destroyed: its clients do not come back by themselves.
    Destroyed,
    /// It has got a new id: its clients come back, with the cookie that they have.
    Rotated,
}
