//! The request scope: what one HTTP request knows of its session.
//!
//! tower-sessions saves whole records; here a save is the difference to what the request last loaded or saved, so the
//! scope remembers that. A record that this library made becomes the request's session by being *adopted*:
//! tower-sessions asks its store for a new record, and is given that one. And what the request's response decides, the
//! end of a rotation, waits here for it ([`rotation`]).

mod lifetime;
mod recent;
mod rotation;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use http::{HeaderMap, HeaderValue, header};
use serde_json::Value;
use time::OffsetDateTime;
use tokio::{runtime::Handle, sync::Notify};
use tower_sessions::Expiry;

pub(crate) use self::{
    lifetime::{NOTABLE, slides},
    recent::Recent,
    rotation::Rotation,
};

use crate::{
    about::About,
    core::Core,
    error::SessionError,
    record::{Fields, Id, Record, SessionKey},
    store::{Loaded, StoreError},
    users::Since,
};

tokio::task_local! {
    static SCOPE: Arc<RequestScope>;
    /// What tower-sessions' calls mean to its store, in this task.
    static DOING: Mutex<Doing>;
}

/// One HTTP request.
pub(crate) struct RequestScope {
    pub(crate) core: Arc<Core>,
    begun: OnceLock<Begun>,
    /// When it came in, or has ended the sessions of a user itself.
    since: Mutex<Since>,
    state: Mutex<State>,
    /// Held by what makes, replaces or ends the request's session: one at a time, and the response waits for it.
    changing: Arc<tokio::sync::Mutex<()>>,
    /// The request's session has got another id: who waits for its turn on the old one need not.
    moved: Notify,
}

/// What the cookie's manager has found.
struct Begun {
    session: tower_sessions::Session,
    /// The session that the cookie names.
    shown: Option<SessionKey>,
    /// The lifetime that the application is configured with.
    expiry: Option<Expiry>,
}

/// How far the request has come.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Running,
    /// The application has answered: nothing begins any more that needs a cookie.
    Answered,
    /// The response is on its way, or will never be.
    Over,
}

/// What this request has seen of its session.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Seen {
    #[default]
    Nothing,
    /// It lived: if it is not there any more, it has ended meanwhile, and is not made anew.
    Live,
    /// It was not there.
    Absent,
}

/// What is known of the session.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "facts that are found out one by one, in any order")]
pub(crate) struct State {
    /// What the plain session last loaded or saved; `None` before it has.
    pub(crate) baseline: Option<HashMap<String, Value>>,
    /// What the library has noted in the record.
    pub(crate) about: About,
    /// The deadline that the store has.
    pub(crate) deadline: Option<OffsetDateTime>,
    pub(crate) seen: Seen,
    /// It has got another id, and the client has, or will have, the cookie of that: this response carries none.
    pub(crate) outdated: bool,
    /// Nothing is worth a session: no cookie of one goes out.
    pub(crate) nothing: bool,
    /// Why the plain session could not do what it was asked: tower-sessions' own error has only a text.
    pub(crate) failure: Option<SessionError>,
    /// What an update of this request has saved last, and under which id.
    written: Option<(Id, Fields, OffsetDateTime)>,
    /// An update of this request has moved the deadline.
    pub(crate) renewed: bool,
    /// What this request has made. Its id has never left this server.
    pub(crate) fresh: Option<Id>,
    /// The session that gets another id, if the response comes to be.
    rotation: Option<Rotation>,
    phase: Phase,
    /// What the cookie's manager adds to the response.
    cookies: Vec<HeaderValue>,
    /// The response is not the application's: its session could not be saved.
    void: bool,
}

/// What tower-sessions' calls mean to its store.
#[derive(Default)]
pub(crate) enum Doing {
    /// What they say.
    #[default]
    AsAsked,
    /// The next `create` is this record, which is there already; what is deleted is gone already.
    Adopting(Id, Fields),
    /// What is deleted is gone already.
    Forgetting,
}

impl Doing {
    /// What is being done in this task; from now on, it is forgetting.
    pub(crate) fn take() -> Self {
        let take = |doing: &Mutex<Self>| {
            let mut doing = doing.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *doing, Self::Forgetting)
        };
        DOING.try_with(take).unwrap_or_default()
    }

    /// Whether tower-sessions' calls in this task mean what they say.
    pub(crate) fn as_asked() -> bool {
        DOING.try_with(|_| ()).is_err()
    }
}

/// Whatever becomes of the request, its scope is over in the end; what the response did not settle is undone.
pub(crate) struct Closing(Arc<RequestScope>);

impl Drop for Closing {
    fn drop(&mut self) {
        let (fresh, rotation) = {
            let mut state = self.0.state();
            state.phase = Phase::Over;
            (state.fresh.take(), state.rotation.take())
        };
        if let (true, Ok(runtime)) = (fresh.is_some() || rotation.is_some(), Handle::try_current()) {
            let scope = Arc::clone(&self.0);
            runtime.spawn(async move { scope.undo(fresh, rotation).await });
        }
    }
}

impl RequestScope {
    pub(crate) fn new(core: &Arc<Core>) -> Arc<Self> {
        core.listen();
        Arc::new(Self {
            core: Arc::clone(core),
            begun: OnceLock::new(),
            since: Mutex::new(Since::now()),
            state: Mutex::default(),
            changing: Arc::default(),
            moved: Notify::new(),
        })
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The scope of the request that this task answers.
    pub(crate) fn current() -> Option<Arc<Self>> {
        SCOPE.try_with(Arc::clone).ok()
    }

    /// Since when whoever sends it has been at it.
    pub(crate) fn since(&self) -> Since {
        *self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What it does from now on does not begin before what it has just done.
    pub(crate) fn begins_again(&self) {
        *self.since.lock().unwrap_or_else(PoisonError::into_inner) = Since::now();
    }

    /// Runs the request.
    pub(crate) async fn run<F: Future>(self: &Arc<Self>, request: F) -> F::Output {
        SCOPE.scope(Arc::clone(self), request).await
    }

    /// The cookie's manager has made its session; `false` if another had before.
    pub(crate) fn begin(&self, session: tower_sessions::Session) -> bool {
        let shown = session.id().map(|id| Id::from(id).key());
        let expiry = session.expiry();
        let _ = self.core.lifetime.set(slides(expiry));
        self.begun.set(Begun { session, shown, expiry }).is_ok()
    }

    /// Whether the cookie's manager has found the request.
    pub(crate) fn has_begun(&self) -> bool {
        self.begun.get().is_some()
    }

    fn session(&self) -> Option<&tower_sessions::Session> {
        self.begun.get().map(|begun| &begun.session)
    }

    /// Ends the scope when this is dropped: with the response's head, or with a request that is given up.
    pub(crate) fn closing(self: &Arc<Self>) -> Closing {
        Closing(Arc::clone(self))
    }

    /// Waits for what makes, replaces or ends the request's session, and keeps others from it. What holds it is bounded
    /// by the store's own limit.
    pub(crate) async fn change(&self) -> tokio::sync::OwnedMutexGuard<()> {
        Arc::clone(&self.changing).lock_owned().await
    }

    /// Whether no cookie goes out any more for what begins now.
    pub(crate) fn is_closed(&self) -> bool {
        self.state().phase != Phase::Running
    }

    /// The application has answered. What it has left under way decides which cookie the response carries.
    pub(crate) async fn answered(self: &Arc<Self>) {
        let _one_at_a_time = self.change().await;
        self.state().phase = Phase::Answered;
        self.forget_what_was_cleared_unseen().await;
    }

    /// A plain session that was cleared, or whose lifetime was set, before anything was read still has the id of the
    /// cookie. If there is no such session, what it saves next is a new one.
    async fn forget_what_was_cleared_unseen(self: &Arc<Self>) {
        let Some(session) = self.session().filter(|session| session.is_modified()) else {
            return;
        };
        let Some(id) = self.id().filter(|_| !self.has_seen_it_live()) else {
            return;
        };
        // if the store fails, so does the save
        if let Ok(Loaded::Gone) = self.core.look(&id.key()).await {
            let forgetting = DOING.scope(Mutex::new(Doing::Forgetting), session.cycle_id());
            let _ = self.run(forgetting).await;
        }
    }

    pub(crate) fn id(&self) -> Option<Id> {
        self.session().and_then(tower_sessions::Session::id).map(Id::from)
    }

    /// The request shows a session cookie; if a handshake of this node made that session, it is confirmed.
    pub(crate) fn shows_its_cookie(&self) {
        if let Some(key) = self.id().map(|id| id.key()).filter(|key| self.core.admissions.is_unconfirmed(key)) {
            self.core.confirm(key, self.deadline());
        }
    }

    /// Whether the plain session says that there is something to save.
    pub(crate) fn is_modified(&self) -> bool {
        self.session().is_some_and(tower_sessions::Session::is_modified)
    }

    /// The session was there.
    pub(crate) fn saw_it_live(&self) {
        self.state().seen = Seen::Live;
    }

    /// Whether it was there before: if it is not now, it has ended during this request.
    pub(crate) fn has_seen_it_live(&self) -> bool {
        self.state().seen == Seen::Live
    }

    /// What this request finds under its session's key, and what that means for its response.
    pub(crate) async fn look(&self, key: &SessionKey) -> Result<Option<Record>, StoreError> {
        let loaded = self.core.look(key).await?;
        let mut state = self.state();
        match &loaded {
            Loaded::Live(record) => {
                state.seen = Seen::Live;
                state.about = About::of(&record.fields);
            }
            Loaded::Rotated => state.outdated = true,
            Loaded::Gone if state.seen == Seen::Nothing => state.seen = Seen::Absent,
            Loaded::Gone => {}
        }
        drop(state);
        Ok(loaded.live())
    }

    /// The session is not there, and has not been during this request: whether another may begin. Not where it has got
    /// another id: the client has the cookie of that one, or will have, and a new one would take its place.
    pub(crate) async fn may_begin_anew(&self, key: &SessionKey) -> Result<(), SessionError> {
        self.look(key).await?;
        if self.state().outdated { Err(SessionError::Gone) } else { Ok(()) }
    }

    /// Another session may begin. Where a task that the handler has spawned has read the plain session, that one has
    /// forgotten an id that does not live, and what became of it nobody has seen yet.
    pub(crate) async fn look_at_what_was_shown(&self) -> Result<(), SessionError> {
        let shown = self.begun.get().and_then(|begun| begun.shown).filter(|_| self.state().seen == Seen::Nothing);
        match shown {
            Some(shown) => self.may_begin_anew(&shown).await,
            None => Ok(()),
        }
    }

    /// Whether this request has saved its session, so that the response has a cookie to carry.
    pub(crate) fn has_made_one(&self) -> bool {
        let state = self.state();
        state.seen == Seen::Live && state.deadline.is_some()
    }

    pub(crate) fn failure(&self) -> Option<SessionError> {
        self.state().failure.clone()
    }

    /// The session was saved with this deadline; the response renews the cookie.
    pub(crate) fn saved(&self, deadline: OffsetDateTime) {
        {
            let mut state = self.state();
            state.deadline = Some(deadline);
            state.seen = Seen::Live;
        }
        if let Some(session) = self.session() {
            // the only public way to say that the cookie is to be set
            session.set_expiry(session.expiry());
        }
    }

    /// An update of this request has saved the session, which is this now.
    pub(crate) fn wrote(&self, id: Id, fields: Fields, deadline: OffsetDateTime) {
        {
            let mut state = self.state();
            state.written = Some((id, fields, deadline));
            state.renewed = true;
        }
        self.saved(deadline);
    }

    /// Whether an update of this request has moved the deadline: to move it on by the time that the request took since is
    /// not worth an error.
    pub(crate) fn has_renewed(&self) -> bool {
        self.state().renewed
    }

    /// What an update has saved, once the application has answered: the cookie's manager reads it only to renew the cookie.
    /// If the store is down by now, that is no reason to answer what is saved with an error.
    pub(crate) fn written(&self, id: Id) -> Option<(Fields, OffsetDateTime)> {
        let mut state = self.state();
        let answered = state.phase == Phase::Answered;
        state
            .written
            .take_if(|(written, ..)| answered && *written == id)
            .map(|(_, fields, deadline)| (fields, deadline))
    }

    /// Makes a new record this request's session: its cookie goes out with the response, and the plain session sees
    /// what is in it. `false` if the plain session has got another one meanwhile.
    pub(crate) async fn adopt(
        self: &Arc<Self>,
        id: Id,
        fields: Fields,
        deadline: OffsetDateTime,
    ) -> Result<bool, SessionError> {
        let Some(session) = self.session() else {
            return Err(SessionError::NoLayer);
        };
        if self.is_closed() {
            return Err(SessionError::NoResponse);
        }
        if session.id().is_none() {
            // what it holds is all its own
            self.state().baseline.get_or_insert_default();
        }
        // `cycle_id` forgets the old id and keeps what the plain session holds; `save` then asks for a new record.
        // In the scope, for this may be a task that the handler has spawned.
        let adopting = self.run(async {
            if session.id().is_some() {
                session.cycle_id().await?;
            }
            session.save().await
        });
        DOING.scope(Mutex::new(Doing::Adopting(id, fields)), adopting).await.map_err(plain_error)?;
        if self.id() != Some(id) {
            return Ok(false);
        }
        self.saved(deadline);
        Ok(true)
    }

    /// Whether the plain session holds what it has read, and would go on with that.
    pub(crate) fn has_read(&self) -> bool {
        self.state().baseline.is_some()
    }

    /// The request has changed its session by type: the plain session sees that too.
    pub(crate) async fn refresh(self: &Arc<Self>, id: Id, fields: Fields, deadline: OffsetDateTime) {
        let _one_at_a_time = self.change().await;
        if self.id() == Some(id) && !self.is_closed() {
            // it is saved; and a plain session that cannot be shown it writes differences all the same
            let _ = self.adopt(id, fields, deadline).await;
        }
    }

    /// The record is deleted; the response removes the cookie.
    pub(crate) async fn forget(self: &Arc<Self>) -> Result<(), SessionError> {
        let Some(session) = self.session() else {
            return Ok(());
        };
        DOING.scope(Mutex::new(Doing::Forgetting), self.run(session.flush())).await.map_err(plain_error)?;
        Ok(())
    }

    /// The cookie's manager has done its work: what it wants to add to the response.
    pub(crate) fn wants_cookies(&self, headers: &HeaderMap) {
        let removes = self.id().is_none();
        let cookies = headers.get_all(header::SET_COOKIE).into_iter();
        let cookies = cookies.map(|cookie| if removes { cookie.clone() } else { self.dated(cookie) }).collect();
        let mut state = self.state();
        // `cycle_id` forgets the id before it asks for the turn: where that did not come, the session lives on under it
        if !removes || state.rotation.is_some() || state.seen != Seen::Live {
            state.cookies = cookies;
        }
    }

    /// The response is not the application's.
    pub(crate) fn void(&self) {
        self.state().void = true;
    }

    /// What the response carries.
    pub(crate) fn cookies(&self) -> Vec<HeaderValue> {
        let mut state = self.state();
        if state.void || state.outdated || state.nothing { Vec::new() } else { std::mem::take(&mut state.cookies) }
    }
}

/// What a failure of a plain session means.
pub(crate) fn plain_error(error: tower_sessions::session::Error) -> SessionError {
    RequestScope::current()
        .and_then(|scope| scope.failure())
        .unwrap_or_else(|| SessionError::Unavailable(Arc::new(StoreError::unavailable(error))))
}
