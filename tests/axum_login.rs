//! axum-login inside of the layer: its login is a rotation, its logout a destroy, and who has another hash is logged out.

#![expect(clippy::unwrap_used, reason = "a test fails where its tools do")]

mod common;

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering::SeqCst},
    },
};

use axum::{Router, extract::Path, http::StatusCode, routing::get};
use axum_login::{AuthManager, AuthUser, AuthnBackend, UserId};
use socket_session::Session;
use tokio::{
    join,
    time::{Instant, sleep, timeout},
};
use tower_layer::layer_fn;

use common::{App, Lab, Received, STALE, Visit, millis};

#[derive(Clone, Debug)]
struct User {
    hash: [u8; 1],
}

impl AuthUser for User {
    type Id = u64;

    fn id(&self) -> u64 {
        7
    }

    fn session_auth_hash(&self) -> &[u8] {
        &self.hash
    }
}

/// One user, whose password can be changed.
#[derive(Clone, Default)]
struct Users(Arc<AtomicU8>);

impl Users {
    fn user(&self) -> User {
        User { hash: [self.0.load(SeqCst)] }
    }
}

impl AuthnBackend for Users {
    type User = User;
    type Credentials = ();
    type Error = Infallible;

    async fn authenticate(&self, (): ()) -> Result<Option<User>, Infallible> {
        Ok(Some(self.user()))
    }

    async fn get_user(&self, _: &UserId<Self>) -> Result<Option<User>, Infallible> {
        Ok(Some(self.user()))
    }
}

type AuthSession = axum_login::AuthSession<Users>;

/// `/enter/{status}` logs in and answers with that status; `/leave` logs out; `/who` says who there is.
fn app(lab: Lab, users: &Users) -> App {
    async fn enter(mut auth: AuthSession, Path(status): Path<u16>) -> StatusCode {
        let user = auth.authenticate(()).await.unwrap().unwrap();
        match auth.login(&user).await {
            Ok(()) => StatusCode::from_u16(status).unwrap(),
            Err(_) => StatusCode::CONFLICT,
        }
    }
    async fn slow(mut auth: AuthSession) {
        let user = auth.authenticate(()).await.unwrap().unwrap();
        auth.login(&user).await.unwrap();
        sleep(millis(1000)).await;
    }
    async fn leave(mut auth: AuthSession) {
        auth.logout().await.unwrap();
    }
    async fn who(auth: AuthSession) -> String {
        format!("{:?}", auth.user.map(|user| user.id()))
    }
    async fn late(auth: AuthSession) -> String {
        sleep(millis(1500)).await;
        who(auth).await
    }
    lab.io.ns("/", lab.sessions.namespace());
    let users = users.clone();
    let routes = Router::new()
        .route("/enter/{status}", get(enter))
        .route("/slow", get(slow))
        .route("/leave", get(leave))
        .route("/who", get(who))
        .route("/late", get(late))
        .route("/bump", get(async |session: Session<Visit>| session.update(|visit| visit.count += 1).await))
        .layer(layer_fn(move |inner| AuthManager::new(inner, users.clone(), "axum-login.data")));
    lab.app(routes)
}

#[tokio::test(start_paused = true)]
async fn a_login_is_a_rotation() {
    let app = app(Lab::new(), &Users::default());
    let mut visitor = app.visitor().await;
    let mut client = visitor.connect().await;
    let mut old = visitor.clone();
    assert_eq!(visitor.get("/enter/204").await.status, StatusCode::NO_CONTENT);
    assert_ne!(visitor.cookie, old.cookie);
    assert_eq!((visitor.get("/who").await.body.as_str(), visitor.count().await.as_str()), ("Some(7)", "1"));
    assert_eq!(client.closing().await, Received::Closed);
    assert_eq!(app.store.len(), 1);

    // the old id is late for a minute, and what answers it touches no cookie
    let answer = old.get("/who").await;
    assert_eq!((answer.body.as_str(), answer.set_cookie), ("None", None));
    let answer = old.get("/enter/204").await;
    assert_eq!((answer.status, answer.set_cookie), (StatusCode::CONFLICT, None));
    assert_eq!(old.handshake().await.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test(start_paused = true)]
async fn a_login_that_ends_in_a_server_error_has_not_been() {
    let app = app(Lab::new(), &Users::default());
    let mut visitor = app.visitor().await;
    let before = visitor.cookie.clone();
    assert_eq!(visitor.get("/enter/500").await.set_cookie, None);
    assert!(timeout(millis(500), visitor.get("/slow")).await.is_err());
    sleep(millis(100)).await;
    assert_eq!(visitor.cookie, before);
    assert_eq!((visitor.get("/who").await.body.as_str(), visitor.count().await.as_str()), ("None", "1"));
    assert_eq!(app.store.len(), 1);
    // and holds nobody up
    let began = Instant::now();
    assert_eq!(visitor.get("/bump").await.status, StatusCode::OK);
    assert!(began.elapsed() < millis(100));
}

#[tokio::test(start_paused = true)]
async fn a_slow_request_beside_a_login_does_not_remove_its_cookie() {
    let app = app(Lab::new(), &Users::default());
    let mut visitor = app.visitor().await;
    let mut late = visitor.clone();
    let (_, answer) = join!(visitor.get("/slow"), late.get("/late"));
    assert_eq!((answer.status, answer.set_cookie), (StatusCode::OK, None));
    assert_eq!(visitor.get("/who").await.body, "Some(7)");
}

#[tokio::test(start_paused = true)]
async fn who_has_no_session_or_none_any_more_logs_in() {
    let app = app(Lab::new(), &Users::default());
    for cookie in [None, Some(STALE.to_owned())] {
        let mut visitor = app.stranger();
        visitor.cookie = cookie;
        assert_eq!(visitor.get("/enter/204").await.status, StatusCode::NO_CONTENT);
        assert_eq!(visitor.get("/who").await.body, "Some(7)");
    }
    assert_eq!(app.store.creates.load(SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn a_logout_is_a_destroy() {
    let app = app(Lab::new(), &Users::default());
    let mut visitor = app.stranger();
    visitor.get("/enter/204").await;
    let mut client = visitor.connect().await;
    visitor.get("/leave").await;
    assert_eq!(client.closing().await, Received::packets("41"));
    assert_eq!((visitor.cookie, app.store.len()), (None, 0));
}

#[tokio::test(start_paused = true)]
async fn another_hash_is_a_logout_at_the_next_request_and_then_a_login_works() {
    let users = Users::default();
    let app = app(Lab::new(), &users);
    let mut visitor = app.stranger();
    visitor.get("/enter/204").await;
    let mut client = visitor.connect().await;
    users.0.store(1, SeqCst);
    let mut again = visitor.clone();
    assert_eq!(visitor.get("/who").await.body, "None");
    assert_eq!(client.closing().await, Received::packets("41"));
    assert_eq!((visitor.cookie, app.store.len()), (None, 0));

    // in the same request too
    assert_eq!(again.get("/enter/204").await.status, StatusCode::NO_CONTENT);
    assert_eq!(again.get("/who").await.body, "Some(7)");
    assert_eq!(app.store.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_login_whose_session_ends_meanwhile_has_not_been() {
    let app = app(Lab::new(), &Users::default());
    let mut visitor = app.visitor().await;
    let session = visitor.session();
    let (answer, destroyed) = join!(visitor.get("/slow"), async {
        sleep(millis(500)).await;
        session.destroy().await
    });
    destroyed.unwrap();
    assert_eq!((answer.status, answer.set_cookie), (StatusCode::UNAUTHORIZED, None));
    assert_eq!(app.store.len(), 0);
}
