//! Events that the server sends, each declared once.

use serde::Serialize;

use crate::{AfterSave, Session, SessionError};

/// An event that the server sends: its name and its data in one type. Made by `#[server_event]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a server event",
    label = "not under `#[server_event(\"…\")]`",
    note = "put `#[server_event(\"the event\")]` on `struct {Self}`, or write the name: `emit(\"the event\", &data)`"
)]
pub trait ServerEvent: Sync {
    /// The event's name.
    const NAME: &'static str;

    /// What is sent with it: a tuple is several arguments.
    fn payload(&self) -> impl Serialize + Sync;

    /// What it is in TypeScript.
    #[cfg(feature = "ts")]
    #[doc(hidden)]
    fn signature(types: &mut crate::typescript::Types) -> crate::typescript::Signature;
}

impl AfterSave {
    /// [`emit`](Self::emit) of an event that is declared with `#[server_event]`.
    pub fn send<E: ServerEvent>(&self, event: &E) {
        self.emit(E::NAME, &event.payload());
    }
}

impl<V> Session<V> {
    /// [`emit`](Self::emit) of an event that is declared with `#[server_event]`.
    ///
    /// # Errors
    /// Those of [`emit`](Self::emit).
    pub async fn send<E: ServerEvent>(&self, event: &E) -> Result<(), SessionError> {
        self.emit(E::NAME, &event.payload()).await
    }
}
