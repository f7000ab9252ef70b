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
    /// Something about the sockets of a session that lives. Sent to all nodes, with
    /// [`Store::announce`](super::Store::announce).
    Told {
        /// Which one.
        key: SessionKey,
        /// The node that says so.
        by: NodeId,
        /// What is to be done.
        what: Telling,
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
    /// Another session of its user has taken its place: its clients do not come back by themselves.
    Replaced,
}

/// What is to be done with the sockets of a session that lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Telling {
    /// A save has changed what a guard looks at: the guards look again.
    Changed,
    /// Their transports close: the clients come back.
    Reconnect,
    /// They are disconnected for good.
    Disconnect,
}

impl Ending {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Destroyed, Self::Rotated, Self::Replaced];

    /// The word for it, for a store that sends text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Destroyed => "destroyed",
            Self::Rotated => "rotated",
            Self::Replaced => "replaced",
        }
    }

    /// What a word stands for; `None` if a later version of this library says it.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ending| ending.as_str() == word)
    }
}

impl Telling {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Changed, Self::Reconnect, Self::Disconnect];

    /// The word for it, for a store that sends text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Reconnect => "reconnect",
            Self::Disconnect => "disconnect",
        }
    }

    /// What a word stands for; `None` if a later version of this library says it.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|telling| telling.as_str() == word)
    }
}
