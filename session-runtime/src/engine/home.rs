//! The runtime for what outlives its caller: the server's, for a job may come from one that ends sooner, or that runs only
//! while somebody waits in it.

use std::sync::{Mutex, PoisonError};

use tokio::{runtime::Handle, task::AbortHandle};

/// The first runtime that is met, for as long as it lasts; then the next one.
#[derive(Default)]
pub(super) struct Home(Mutex<Option<Runtime>>);

struct Runtime {
    handle: Handle,
    /// A task that ends with it, and never before.
    life: AbortHandle,
}

impl Drop for Runtime {
    fn drop(&mut self) {
        self.life.abort();
    }
}

impl Home {
    /// The runtime, and whether it is another than before; `None` where there is none.
    fn find(&self) -> Option<(Handle, bool)> {
        let mut home = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Runtime { handle, life }) = &*home
            && !life.is_finished()
        {
            return Some((handle.clone(), false));
        }
        let handle = Handle::try_current().ok()?;
        let life = handle.spawn(std::future::pending::<()>()).abort_handle();
        let moved = home.replace(Runtime { handle: handle.clone(), life }).is_some();
        Some((handle, moved))
    }
}

impl super::Engine {
    /// The runtime for what outlives its caller.
    pub(super) fn runtime(&self) -> Option<Handle> {
        let (handle, moved) = self.home.find()?;
        if moved {
            // those who did ended with the runtime before
            self.watched.store(false, super::Ordering::SeqCst);
            self.listens.store(false, super::Ordering::SeqCst);
        }
        Some(handle)
    }

    /// Begins what nobody waits for. In a runtime that shuts down, or after it, nothing is begun any more: what is left
    /// behind is taken over by others.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        if let Some(runtime) = self.runtime() {
            runtime.spawn(work);
        }
    }
}
