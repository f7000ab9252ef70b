//! What happens after the save, or not at all.

use std::{
    cell::RefCell,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use serde::Serialize;
use socketioxide::{
    adapter::Adapter,
    handler::{FromConnectParts, FromMessageParts},
    socket::Socket,
};
use socketioxide_core::Value;

use crate::{core::BoxFuture, core::Core, error::Unserializable, payload::Payload, record::SessionKey};

/// Effects of an event handler that happen once its session is saved and its acknowledgement is on its way, or are
/// dropped with the rollback.
///
/// An extractor for event and connect handlers. A clone is the same list.
#[derive(Clone, Default)]
pub struct AfterSave(Arc<Mutex<Effects>>);

#[derive(Default)]
struct Effects {
    list: Vec<Effect>,
    failed: Option<Unserializable>,
}

enum Effect {
    Emit(String, Payload),
    Run(BoxFuture<'static, ()>),
}

impl AfterSave {
    /// Sends an event to all sockets of this session, in all namespaces, on all nodes.
    ///
    /// `data` is serialized now: it may borrow from the view. If it cannot be serialized, the handler is rolled back
    /// with `unserializable`. As in socketioxide, a tuple becomes several arguments.
    pub fn emit<T: Serialize + ?Sized>(&self, event: impl Into<String>, data: &T) {
        let mut effects = self.effects();
        match Payload::new(data) {
            Ok(data) => effects.list.push(Effect::Emit(event.into(), data)),
            Err(error) => effects.failed = Some(error),
        }
    }

    /// Runs a future, in a task of its own.
    pub fn run<F: Future<Output = ()> + Send + 'static>(&self, future: F) {
        self.effects().list.push(Effect::Run(Box::pin(future)));
    }

    fn effects(&self) -> std::sync::MutexGuard<'_, Effects> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn failure(&self) -> Option<Unserializable> {
        self.effects().failed
    }

    pub(crate) async fn happen(&self, core: &Core, key: Option<&SessionKey>) {
        let list = std::mem::take(&mut self.effects().list);
        for effect in list {
            match (effect, key) {
                (Effect::Emit(event, data), Some(key)) => {
                    // the session is saved: whom this does not reach learns of it otherwise
                    let _ = core.io.emit(&key.room(), &event, &data).await;
                }
                (Effect::Emit(..), None) => {}
                (Effect::Run(future), _) => {
                    tokio::spawn(future);
                }
            }
        }
    }
}

/// The list of the event whose arguments a thread is extracting.
enum Extracting {
    /// It extracts none.
    Nothing,
    /// Nobody has asked for the list.
    Unasked,
    Asked(AfterSave),
}

thread_local! {
    /// Extraction is synchronous, and socketioxide's extractors are told of the socket and the message only.
    static EXTRACTING: RefCell<Extracting> = const { RefCell::new(Extracting::Nothing) };
}

/// Extracts arguments; the `AfterSave` among them, if any, is the second result.
pub(crate) fn extracting<T>(extract: impl FnOnce() -> T) -> (T, Option<AfterSave>) {
    /// Takes the list away even if an extractor panics.
    struct Taken;
    impl Drop for Taken {
        fn drop(&mut self) {
            EXTRACTING.set(Extracting::Nothing);
        }
    }
    EXTRACTING.set(Extracting::Unasked);
    let _taken = Taken;
    let extracted = extract();
    match EXTRACTING.replace(Extracting::Nothing) {
        Extracting::Asked(after) => (extracted, Some(after)),
        Extracting::Unasked | Extracting::Nothing => (extracted, None),
    }
}

/// `AfterSave` was asked for outside of an event or connect handler of this library.
#[derive(Debug, thiserror::Error)]
#[error("`AfterSave` is for handlers of `sessions.namespace()`")]
pub struct NoEvent;

fn current() -> Result<AfterSave, NoEvent> {
    EXTRACTING.with_borrow_mut(|extracting| match extracting {
        Extracting::Nothing => Err(NoEvent),
        Extracting::Asked(after) => Ok(after.clone()),
        Extracting::Unasked => {
            let after = AfterSave::default();
            *extracting = Extracting::Asked(after.clone());
            Ok(after)
        }
    })
}

impl<A: Adapter> FromMessageParts<A> for AfterSave {
    type Error = NoEvent;

    fn from_message_parts(_: &Arc<Socket<A>>, _: &mut Value, _: &Option<i64>) -> Result<Self, NoEvent> {
        current()
    }
}

impl<A: Adapter> FromConnectParts<A> for AfterSave {
    type Error = NoEvent;

    fn from_connect_parts(_: &Arc<Socket<A>>, _: &Option<Value>) -> Result<Self, NoEvent> {
        current()
    }
}

impl fmt::Debug for AfterSave {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AfterSave").field("effects", &self.effects().list.len()).finish()
    }
}
