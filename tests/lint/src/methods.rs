//! Handlers in an `impl`.

use socket_session::{AfterSave, Namespace, Sessions, socket_events, socket_session};
use socketioxide::{
    adapter::Adapter,
    extract::{Data, Event, SocketRef},
};

/// A private view.
#[socket_session]
struct Visit {
    /// So far.
    count: u32,
}

/// Another view, which everybody sees.
#[socket_session(prefix = "cart.")]
#[derive(Debug)]
pub struct Cart {
    /// Numbers of goods.
    pub items: Vec<u32>,
}

#[socket_events(with = [Chat, moderation::Moderation])]
impl Visit {
    /// How much at a time.
    const STEP: u32 = 1;

    /// Changes the session.
    #[on("my event")]
    async fn my_event(&mut self) -> u32 {
        self.count += Self::STEP;
        self.count
    }

    /// What it returns borrows from the view.
    #[on("whoami", guard = Self::is_new)]
    async fn whoami(&self) -> &u32 {
        &self.count
    }

    /// Other views and extractors, in any order.
    #[on("buy")]
    async fn buy(&self, cart: &mut Cart, Data(item): Data<u32>, after: AfterSave) -> Result<usize, &'static str> {
        cart.items.push(item);
        after.emit("bought", &self.count);
        Ok(cart.items.len())
    }

    /// Counts connections too.
    #[on_connect]
    async fn hello(&mut self) {
        self.count += 1;
    }

    /// There may be nothing left of it.
    #[on_disconnect]
    async fn bye(last: Option<&Self>) {
        assert!(last.is_none_or(|visit| visit.count < 10));
    }

    /// Says nothing.
    #[on_fallback]
    async fn unknown(Event(_name): Event) {}

    /// On every adapter.
    #[on("rooms")]
    async fn rooms<A: Adapter>(&self, socket: SocketRef<A>) -> usize {
        socket.rooms().len()
    }

    #[cfg(test)]
    #[on("only in tests")]
    async fn only_in_tests(&self) {}

    /// No handler.
    const fn is_new(&self) -> bool {
        self.count == 0
    }
}

#[socket_events(name = Chat)]
#[expect(clippy::multiple_inherent_impl, reason = "that is the point")]
impl Visit {
    /// Counts messages.
    #[on("message")]
    async fn message(&mut self, Data(_text): Data<String>) {
        self.count += 1;
    }
}

/// Blocks in several modules.
mod moderation {
    use super::{Visit, socket_events};

    #[socket_events(name = pub(super) Moderation)]
    #[expect(clippy::multiple_inherent_impl, reason = "that is the point")]
    impl Visit {
        /// Begins anew.
        #[on("ban")]
        async fn ban(&mut self) {
            self.count = 0;
        }
    }
}

#[socket_events]
impl Cart {
    /// Of a view that everybody sees.
    #[on("items")]
    pub async fn items(&self) -> usize {
        self.items.len()
    }
}

/// All of them.
#[must_use]
pub fn register(sessions: &Sessions) -> Namespace {
    sessions.namespace().events::<Visit>().events::<Cart>()
}
