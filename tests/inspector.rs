//! The inspector: what it shows, what its buttons do, and who may press them.
#![cfg(feature = "inspector")]
#![expect(clippy::unused_async, reason = "event handlers are async, whatever they do")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test is to fail there")]

mod common;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Method, Request, StatusCode, header},
};
use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use socket_session::{Id, SessionError, on};
use tokio::time::{sleep, timeout};
use tower::ServiceExt as _;

use crate::common::{App, Lab, Received, Visit, Visitor, millis};

#[on("incr")]
async fn incr(visit: &mut Visit) -> u32 {
    visit.count += 1;
    visit.count
}

#[on("hold")]
async fn hold(_visit: &mut Visit) {
    sleep(millis(60_000)).await;
}

fn app() -> App {
    let lab = Lab::with(|builder| builder.max_age(millis(3_600_000)));
    lab.io.ns("/", lab.sessions.namespace().on::<incr>().on::<hold>());
    let inspector = Router::new().nest("/admin/sessions", lab.sessions.inspector());
    lab.app(inspector)
}

async fn ask(app: &App, method: Method, uri: &str, headers: &[(&str, &str)], body: Value) -> (StatusCode, String) {
    let mut request = Request::builder().method(method).uri(uri).header(header::HOST, "localhost");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if !body.is_null() {
        request = request.header(header::CONTENT_TYPE, "application/json");
    }
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    let response = app.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
    let status = response.status();
    (status, String::from_utf8(to_bytes(response.into_body(), 1 << 20).await.unwrap().into()).unwrap())
}

async fn data(app: &App, query: &str) -> Value {
    let (status, body) = ask(app, Method::GET, &format!("/admin/sessions/data{query}"), &[], Value::Null).await;
    assert_eq!(status, StatusCode::OK);
    serde_json::from_str(&body).unwrap()
}

async fn post(app: &App, action: &str, body: Value) -> (StatusCode, String) {
    ask(app, Method::POST, &format!("/admin/sessions/{action}"), &[], body).await
}

/// What the inspector calls a visitor's session.
fn hash(visitor: &Visitor) -> String {
    HEXLOWER.encode(Id::from(visitor.id()).key().as_bytes())
}

#[tokio::test]
async fn it_shows_the_sessions_of_this_node_and_not_their_ids() {
    let app = app();
    let (one, other) = (app.visitor().await, app.visitor().await);
    let mut first = one.connect().await;
    let _second = one.connect().await;
    let _third = other.connect().await;
    assert!(first.ask("incr").await.text().ends_with("430[2]"));

    let seen = data(&app, "").await;
    assert_eq!(seen["node"], json!({ "connections": 3, "sockets": 3, "sessions": 2 }));
    let hash = hash(&one);
    let mine = seen["sessions"].as_array().unwrap().iter().find(|session| session["hash"] == hash.as_str()).unwrap();
    assert_eq!(mine["key"], Id::from(one.id()).key().to_string());
    assert_eq!(mine["state"], "live");
    assert_eq!(mine["waiting"], 0);
    let socket = json!({ "namespace": "/", "transport": "polling" });
    assert_eq!(mine["sockets"], json!([socket, socket]));
    assert!((0..600).contains(&mine["age"].as_i64().unwrap()), "{mine}");
    assert!((3000..=3600).contains(&mine["ends_in"].as_i64().unwrap()), "{mine}");
    // of the whole process, where other tests count too
    assert!(seen["counts"]["events"]["ok"].as_u64().unwrap() >= 1);
    assert!(seen["counts"]["store"]["load"]["times"].as_u64().unwrap() >= 1);
    assert!(!seen.to_string().contains(&one.id().to_string()), "no id leaves");

    let found = data(&app, &format!("?find={}", &hash[..16].to_uppercase())).await;
    assert_eq!(found["found"], 1);
    assert_eq!(found["sessions"][0]["hash"], hash.as_str());
    assert_eq!(data(&app, "?find=nothing").await["sessions"], json!([]));
}

#[tokio::test]
async fn it_shows_what_waits_for_a_session() {
    let app = app();
    let visitor = app.visitor().await;
    let mut client = visitor.connect().await;
    client.send("420[\"hold\"]").await;
    client.send("421[\"incr\"]").await;
    client.send("422[\"incr\"]").await;
    let both_wait = timeout(millis(10_000), async {
        while data(&app, "").await["sessions"][0]["waiting"] != 2 {
            sleep(millis(5)).await;
        }
    });
    assert!(both_wait.await.is_ok(), "{}", data(&app, "").await);
}

#[tokio::test]
async fn destroying_ends_the_session_and_says_so_to_its_sockets() {
    let app = app();
    let (visitor, other) = (app.visitor().await, app.visitor().await);
    let mut client = visitor.connect().await;
    let mut unconcerned = other.connect().await;
    let session = hash(&visitor);

    let (status, told) = post(&app, "destroy", json!({ "session": session })).await;
    assert_eq!((status, told.as_str()), (StatusCode::OK, r#"{"everywhere":true,"sockets":1}"#));
    let ended = client.next().await;
    assert!(ended.text().contains(r#"42["session_ended",{"reason":"logout"}]"#), "{ended:?}");
    assert!(matches!(visitor.session().get().await, Err(SessionError::Gone)));
    assert!(unconcerned.ask("incr").await.text().ends_with("430[2]"));
}

#[tokio::test]
async fn disconnecting_leaves_the_session() {
    let app = app();
    let mut visitor = app.visitor().await;
    let session = hash(&visitor);

    let mut client = visitor.connect().await;
    assert_eq!(post(&app, "disconnect", json!({ "session": session, "how": "final" })).await.0, StatusCode::OK);
    assert!(client.next().await.text().ends_with("41"));

    let mut client = visitor.connect().await;
    assert_eq!(post(&app, "disconnect", json!({ "session": session, "how": "reconnect" })).await.0, StatusCode::OK);
    assert_eq!(client.next().await, Received::Closed);
    assert_eq!(visitor.count().await, "1");
}

#[tokio::test]
async fn a_foreign_page_may_do_nothing() {
    let app = app();
    let visitor = app.visitor().await;
    let session = hash(&visitor);
    let body = json!({ "session": session });
    let foreign: [&[(&str, &str)]; 6] = [
        &[("origin", "https://elsewhere.example")],
        &[("origin", "null")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site"), ("origin", "http://localhost")],
        &[("sec-fetch-site", "none")],
        &[("sec-fetch-site", "same-origin"), ("origin", "https://elsewhere.example")],
    ];
    for headers in foreign {
        for action in ["destroy", "disconnect"] {
            let uri = format!("/admin/sessions/{action}");
            let (status, _) = ask(&app, Method::POST, &uri, headers, body.clone()).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{headers:?}");
        }
    }
    assert!(visitor.session().get().await.is_ok(), "the session lives");

    // no form of another site can send JSON, and nothing else is taken; nor is a GET
    let form = [("content-type", "text/plain")];
    assert_eq!(ask(&app, Method::POST, "/admin/sessions/destroy", &form, Value::Null).await.0.as_u16(), 415);
    assert_eq!(ask(&app, Method::GET, "/admin/sessions/destroy", &[], Value::Null).await.0.as_u16(), 405);
    for wrong in ["", "00", "../x", &session.to_uppercase(), &format!("{session}00")] {
        assert_eq!(post(&app, "destroy", json!({ "session": wrong })).await.0.as_u16(), 422, "{wrong}");
    }
    assert!(visitor.session().get().await.is_ok(), "the session lives");

    let own = [("sec-fetch-site", "same-origin"), ("origin", "http://localhost")];
    assert_eq!(ask(&app, Method::POST, "/admin/sessions/destroy", &own, body).await.0, StatusCode::OK);
    assert!(matches!(visitor.session().get().await, Err(SessionError::Gone)));
}

#[tokio::test]
async fn the_page_is_in_nobodys_frame_and_takes_nothing_from_elsewhere() {
    let request = Request::get("/admin/sessions").header(header::HOST, "localhost").body(Body::empty()).unwrap();
    let response = app().router.oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8");
}
