//! Whose session it is: all sessions of a user, and how many there may be.

#![expect(clippy::unused_async, reason = "event handlers are async, whatever they do")]

mod common;

use std::sync::atomic::Ordering::SeqCst;

use axum::{Extension, Router, extract::Path, http::StatusCode, routing::get};
use socket_session::{Close, Session, SessionError, Sessions, on, socket_session};
use socketioxide::extract::Data;
use tokio::{
    join,
    time::{sleep, timeout},
};
use tower_sessions::Session as Plain;

use common::{App, Client, Lab, Received, Visitor, millis, server::Server};

#[socket_session]
struct Account {
    #[session(user, key = "userId")]
    user: Option<u64>,
    count: u32,
}

#[on("become")]
async fn become_(account: &mut Account, Data(user): Data<Option<u64>>) -> Option<u64> {
    account.user = user;
    account.user
}

async fn login(session: Session<Account>, Path(user): Path<u64>) -> Result<(), SessionError> {
    session.rotate_with(|account| account.user = Some(user)).await
}

/// A login that takes its time before it is sure.
async fn slowly(session: Session<Account>, Path(user): Path<u64>) -> Result<(), SessionError> {
    sleep(millis(500)).await;
    session.rotate_with(|account| account.user = Some(user)).await
}

async fn plainly(plain: Plain, session: Session<Account>, Path(user): Path<u64>) -> Result<(), SessionError> {
    let _ = session;
    plain.insert("userId", user).await.map_err(|_| SessionError::Unknown)
}

/// A new password: everybody else is out, and this one has another id.
async fn password(
    session: Session<Account>,
    Extension(sessions): Extension<Sessions>,
    Path(user): Path<u64>,
) -> Result<(), SessionError> {
    sessions.user(&user).destroy_others(&session).await?;
    session.rotate().await
}

/// A forgotten password: everybody is out, and then logged in anew.
async fn reset(
    session: Session<Account>,
    Extension(sessions): Extension<Sessions>,
    Path(user): Path<u64>,
) -> Result<(), SessionError> {
    sessions.user(&user).destroy_all().await?;
    session.rotate_with(|account| account.user = Some(user)).await
}

async fn who(session: Session<Account>) -> Result<String, SessionError> {
    Ok(format!("{:?}", session.get().await?.user))
}

fn node_with(store: &Server, options: impl FnOnce(socket_session::Builder) -> socket_session::Builder) -> App {
    let lab = Lab::over(store.clone(), options);
    lab.io.ns("/", lab.sessions.namespace().on::<become_>());
    lab.app(
        Router::new()
            .route("/login/{user}", get(login))
            .route("/slowly/{user}", get(slowly))
            .route("/plainly/{user}", get(plainly))
            .route("/password/{user}", get(password))
            .route("/reset/{user}", get(reset))
            .route("/who", get(who)),
    )
}

fn node(store: &Server) -> App {
    node_with(store, |builder| builder)
}

async fn logged_in(node: &App, user: u64) -> Visitor {
    let mut visitor = node.stranger();
    assert_eq!(visitor.get(&format!("/login/{user}")).await.status, StatusCode::OK);
    visitor
}

async fn is(visitor: &mut Visitor, who: &str) {
    assert_eq!(visitor.get("/who").await.body, who);
}

async fn is_out(client: &mut Client, reason: &str) {
    let mut heard = client.next().await.text().to_owned();
    if !heard.ends_with("41") {
        heard = format!("{heard}\u{1e}{}", client.next().await.text());
    }
    assert_eq!(heard, format!("{}\u{1e}41", Received::ended(reason).text()));
}

#[tokio::test(start_paused = true)]
async fn a_user_is_told_and_disconnected_and_logged_out_wherever_he_is() {
    let store = Server::default();
    let [one, other] = [node(&store), node(&store)];
    let (first, second, stranger) = (logged_in(&one, 7).await, logged_in(&other, 7).await, logged_in(&other, 8).await);
    let mut clients = [first.connect().await, second.connect().await];
    let mut elsewhere = stranger.connect().await;
    let user = one.sessions.user(&7u64);

    let list = user.list().await.unwrap();
    assert_eq!(list.iter().map(|listed| listed.sockets).sum::<usize>(), 1, "those of this node");
    assert!(list.len() == 2 && list.iter().all(|listed| listed.created.is_some() && listed.last_seen.is_some()));

    let reached = user.disconnect(Close::Final).await.unwrap();
    assert_eq!((reached.sockets, reached.everywhere), (1, true));
    for client in &mut clients {
        assert_eq!(client.next().await, Received::packets("41"));
    }
    let mut clients = [first.connect().await, second.connect().await];
    user.destroy_all().await.unwrap();
    for client in &mut clients {
        is_out(client, "logout").await;
    }
    assert_eq!(elsewhere.next().await, Received::Nothing);
    is(&mut first.clone(), "None").await;
    is(&mut second.clone(), "None").await;
    is(&mut stranger.clone(), "Some(8)").await;
    assert!(user.list().await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn who_changes_the_password_stays_and_has_another_id() {
    let store = Server::default();
    let node = node(&store);
    let (mut this, mut other) = (logged_in(&node, 7).await, logged_in(&node, 7).await);
    let before = this.id();
    assert_eq!(this.get("/password/7").await.status, StatusCode::OK);
    assert_ne!(this.id(), before);
    is(&mut this, "Some(7)").await;
    is(&mut other, "None").await;
    assert_eq!(node.sessions.user(&7u64).list().await.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_login_that_had_begun_before_all_were_ended_does_not_survive() {
    let store = Server::default();
    let [one, other] = [node(&store), node(&store)];
    for path in ["/slowly/7", "/reset/7"] {
        let mut late = one.stranger();
        let (answer, reached) = join!(late.get(path), async {
            sleep(millis(200)).await;
            other.sessions.user(&7u64).destroy_all().await
        });
        reached.unwrap();
        // the one that ended all itself has begun anew with that
        let expected = if path == "/reset/7" { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
        assert_eq!(answer.status, expected, "{path}");
        assert_eq!(other.sessions.user(&7u64).list().await.unwrap().len(), 0, "{path}");
    }
    // and who comes afterwards does
    let mut visitor = logged_in(&one, 7).await;
    is(&mut visitor, "Some(7)").await;
}

#[tokio::test(start_paused = true)]
async fn who_ends_all_and_then_logs_in_is_logged_in() {
    let node = node(&Server::default());
    let mut other = logged_in(&node, 7).await;
    let mut this = node.stranger();
    assert_eq!(this.get("/reset/7").await.status, StatusCode::OK);
    is(&mut this, "Some(7)").await;
    is(&mut other, "None").await;
}

#[tokio::test(start_paused = true)]
async fn a_login_by_event_counts_and_one_that_leaves_does_not() {
    let node = node(&Server::default());
    let visitor = node.visitor().await;
    let mut client = visitor.connect().await;
    let count = async |user: u64| node.sessions.user(&user).list().await.unwrap().len();
    for (sent, [seven, eight]) in [("7", [1, 0]), ("8", [0, 1]), ("null", [0, 0]), ("7", [1, 0])] {
        client.send(&format!(r#"420["become",{sent}]"#)).await;
        assert_eq!(client.next().await, Received::packets(&format!("430[{sent}]")));
        assert_eq!([count(7).await, count(8).await], [seven, eight], "{sent}");
    }
    node.sessions.user(&7).destroy_all().await.unwrap();
    is_out(&mut client, "logout").await;
}

#[tokio::test(start_paused = true)]
async fn a_plain_session_logs_in_too() {
    let node = node(&Server::default());
    let mut visitor = node.stranger();
    assert_eq!(visitor.get("/plainly/7").await.status, StatusCode::OK);
    assert_eq!(node.sessions.user(&7u64).list().await.unwrap().len(), 1);
    // and one that has a session already
    let mut visitor = node.visitor().await;
    assert_eq!(visitor.get("/plainly/7").await.status, StatusCode::OK);
    assert_eq!(node.sessions.user(&7u64).list().await.unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_oldest_session_makes_room_for_a_new_one() {
    let store = Server::default();
    let [one, other] = [(); 2].map(|()| node_with(&store, |builder| builder.sessions_per_user(2)));
    let mut visitors = Vec::new();
    for node in [&one, &other, &one] {
        visitors.push(logged_in(node, 7).await);
        sleep(millis(10)).await;
    }
    is(&mut visitors[0], "None").await;
    for stays in &mut visitors[1..] {
        is(stays, "Some(7)").await;
        // another id is no further session
        assert_eq!(stays.get("/login/7").await.status, StatusCode::OK);
    }
    assert_eq!(one.sessions.user(&7u64).list().await.unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn who_is_replaced_is_told_so() {
    let node = node_with(&Server::default(), |builder| builder.sessions_per_user(1));
    let mut client = logged_in(&node, 7).await.connect().await;
    logged_in(&node, 7).await;
    is_out(&mut client, "replaced").await;
}

#[tokio::test(start_paused = true)]
async fn where_the_index_cannot_be_reached_nobody_logs_in() {
    let store = Server::default();
    let node = node(&store);
    store.down.store(true, SeqCst);
    let mut visitor = node.stranger();
    assert_eq!(visitor.get("/login/7").await.status, StatusCode::SERVICE_UNAVAILABLE);
    store.down.store(false, SeqCst);
    is(&mut visitor, "None").await;
    assert!(node.sessions.user(&7u64).list().await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn nobody_is_no_user() {
    let node = node(&Server::default());
    let mut visitor = logged_in(&node, 7).await;
    let nobody = node.sessions.user(&None::<u64>);
    assert_eq!(nobody.destroy_all().await.unwrap().sockets, 0);
    assert!(nobody.list().await.unwrap().is_empty());
    is(&mut visitor, "Some(7)").await;
    assert!(timeout(millis(10), nobody.emit("hello", &1)).await.is_ok());
}
