//! The layer's parts: in their order they are the layer, in another they say so.

#![expect(clippy::unwrap_used, reason = "a test fails where its tools do")]

mod common;

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode, header},
    response::IntoResponse as _,
    routing::get,
};
use common::{Visit, at_x};
use socket_session::{MemoryStore, Session, Sessions};
use socketioxide::{SocketIo, layer::SocketIoLayer};
use tower::ServiceExt as _;
use tower_sessions::Session as Plain;

fn made() -> (SocketIoLayer, Sessions) {
    let (layer, io) = SocketIo::new_layer();
    let sessions = Sessions::builder(MemoryStore::default())
        .http(|cookies| cookies.with_name("sid").with_secure(false))
        .build(&io);
    io.ns("/", sessions.namespace());
    (layer, sessions)
}

fn routes() -> Router {
    at_x(async |session: Session<Visit>| session.rotate_with(|visit| visit.count += 1).await)
        .route("/count", get(async |session: Session<Visit>| session.get().await.map(|visit| visit.count.to_string())))
        .route("/plain", get(async |plain: Plain| plain.insert("count", 7).await.unwrap()))
}

async fn ask(app: &Router, uri: &str, cookie: &str) -> (StatusCode, Option<String>) {
    let request = Request::get(uri).header(header::COOKIE, cookie).header(header::HOST, "localhost");
    let response = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let cookie = response.headers().get(header::SET_COOKIE).map(|cookie| cookie.to_str().unwrap());
    (response.status(), cookie.map(|cookie| cookie.split(';').next().unwrap().to_owned()))
}

const HANDSHAKE: &str = "/socket.io/?EIO=4&transport=polling";

#[tokio::test]
async fn the_parts_are_the_layer() {
    let (layer, sessions) = made();
    let app = routes().layer(sessions.cookies()).layer(sessions.requests()).layer(sessions.sockets(layer));
    let (_, first) = ask(&app, "/plain", "").await;
    let (status, second) = ask(&app, "/x", &first.clone().unwrap()).await;
    assert_eq!(status, StatusCode::OK);
    assert!(second.is_some() && second != first);
    assert_eq!(ask(&app, HANDSHAKE, &first.unwrap()).await.0, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(ask(&app, HANDSHAKE, &second.unwrap()).await.0, StatusCode::OK);
}

#[tokio::test]
async fn what_stands_between_the_parts_decides_too() {
    let (layer, sessions) = made();
    let failing = axum::middleware::map_response(async |response: axum::response::Response| {
        (StatusCode::BAD_GATEWAY, response).into_response()
    });
    let app =
        routes().layer(sessions.cookies()).layer(failing).layer(sessions.requests()).layer(sessions.sockets(layer));
    assert_eq!(ask(&app, "/plain", "").await, (StatusCode::BAD_GATEWAY, None));
}

#[tokio::test]
async fn in_another_order_they_refuse_to_work() {
    const ERROR: (StatusCode, Option<String>) = (StatusCode::INTERNAL_SERVER_ERROR, None);

    let (layer, sessions) = made();
    let app = routes().layer(sessions.requests()).layer(sessions.cookies()).layer(sessions.sockets(layer));
    assert_eq!(ask(&app, "/count", "").await, ERROR);

    let (layer, sessions) = made();
    let app = routes().layer(sessions.cookies()).layer(sessions.sockets(layer));
    assert_eq!(ask(&app, "/count", "").await, ERROR);

    // without the cookies there is no session
    let (layer, sessions) = made();
    let app = routes().layer(sessions.requests()).layer(sessions.sockets(layer));
    assert_eq!(ask(&app, "/count", "").await, ERROR);

    let (layer, sessions) = made();
    let app = routes().layer(sessions.sockets(layer)).layer(sessions.cookies()).layer(sessions.requests());
    assert_eq!(ask(&app, HANDSHAKE, "").await, ERROR);

    // twice
    let (layer, sessions) = made();
    let app = routes().layer(sessions.layer(layer.clone())).layer(sessions.layer(layer));
    assert_eq!(ask(&app, "/count", "").await, ERROR);

    // those of another
    let (_, others) = made();
    let (layer, sessions) = made();
    let app = routes().layer(others.cookies()).layer(sessions.requests()).layer(sessions.sockets(layer));
    assert_eq!(ask(&app, "/count", "").await, ERROR);
}
