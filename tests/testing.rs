//! `socket_session::testing`, as an application's tests use it.

#![expect(clippy::unused_async, reason = "event handlers are async, whatever they do")]

use std::{error::Error, time::Duration};

use serde_json::json;
use socket_session::{
    AfterSave, Close, EventError, Handshake, Session, guard, on, on_connect, on_fallback, socket_session,
    testing::{ErrorReply, Fault, TestError, Testing},
};
use socketioxide::extract::{Data, Event, SocketRef, State};

type Result<T = (), E = Box<dyn Error>> = std::result::Result<T, E>;

#[socket_session]
struct Visit {
    count: u32,
    name: String,
}

#[on("my event")]
async fn my_event(visit: &mut Visit) -> u32 {
    visit.count += 1;
    visit.count
}

#[on("rename")]
async fn rename(visit: &mut Visit, Data((first, last)): Data<(String, String)>, after: AfterSave) -> (usize, usize) {
    visit.name = format!("{first} {last}");
    after.emit("renamed", &(&first, &last));
    (first.len(), last.len())
}

#[on("peek")]
async fn peek(visit: &Visit, socket: SocketRef) -> Result<u32, EventError> {
    socket.emit("peeked", &visit.count)?;
    Ok(visit.count)
}

#[on("bytes")]
async fn bytes(Data(bytes): Data<Vec<Data16>>) -> Vec<Data16> {
    bytes
}

/// Sixteen bits, as an attachment.
#[derive(PartialEq, Debug)]
struct Data16([u8; 2]);

impl serde::Serialize for Data16 {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for Data16 {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl serde::de::Visitor<'_> for Bytes {
            type Value = Data16;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("two bytes")
            }
            fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Data16, E> {
                bytes.try_into().map(Data16).map_err(E::custom)
            }
            fn visit_byte_buf<E: serde::de::Error>(self, bytes: Vec<u8>) -> Result<Data16, E> {
                self.visit_bytes(&bytes)
            }
        }
        deserializer.deserialize_byte_buf(Bytes)
    }
}

#[on("refuse")]
async fn refuse(visit: &mut Visit) -> Result<(), EventError> {
    visit.count = 99;
    Err(EventError::new("full", "no more").data(&json!({ "most": 3 })))
}

#[on("sleep")]
async fn sleep(_: &mut Visit) {
    tokio::time::sleep(Duration::from_hours(1)).await;
}

#[on("log out")]
async fn log_out(session: Session<Visit>) -> Result<(), EventError> {
    session.destroy().await?;
    Ok(())
}

#[on("hang up")]
async fn hang_up(session: Session<Visit>) -> Result<(), EventError> {
    session.disconnect(Close::Reconnect).await?;
    std::future::pending().await
}

#[on_connect]
async fn hello(visit: &mut Visit, after: AfterSave) {
    tokio::time::sleep(Duration::from_millis(5)).await;
    visit.count += 100;
    after.emit("hello", &visit.count);
}

#[on_fallback]
async fn fallback(Event(name): Event) -> String {
    name
}

#[derive(Clone)]
struct Password(&'static str);

#[guard]
async fn knows(Data(said): Data<String>, State(Password(password)): State<Password>) -> bool {
    said == password
}

fn all() -> Testing {
    Testing::new(|sessions| {
        let namespace = sessions.namespace().on::<my_event>().on::<rename>().on::<peek>().on::<bytes>().on::<refuse>();
        namespace.on::<sleep>().on::<log_out>().on::<hang_up>()
    })
}

#[tokio::test]
async fn a_handler_s_reply_patch_and_events() -> Result {
    let test = all();
    let session = test.session(|visit: &mut Visit| visit.count = 6).await?;
    let (socket, other) = (test.connect(&session).await?, test.connect(&session).await?);

    // no argument
    let done = socket.call::<my_event>(&()).await?;
    assert_eq!((done.reply()?, done.changed()), (7, &["count".to_owned()][..]));

    // several
    let done = socket.emit("rename", &("Ada", "Lovelace")).await?;
    assert_eq!(done.reply::<(usize, usize)>()?, (3, 8));
    assert_eq!(done.changed(), ["name"]);
    assert_eq!(done.events(), ["renamed"]);
    assert_eq!(done.emitted::<(String, String)>("renamed")?, [("Ada".into(), "Lovelace".into())]);
    assert_eq!(other.next::<(String, String)>("renamed").await?.1, "Lovelace");

    // what it emits itself, before it is acknowledged
    let done = socket.call::<peek>(&()).await?;
    assert_eq!((done.reply::<u32>()?, done.emitted::<u32>("peeked")?), (7, vec![7]));
    assert!(done.changed().is_empty());

    let sent = vec![Data16([1, 2]), Data16([255, 0])];
    assert_eq!(socket.call::<bytes>(&(&sent,)).await?.reply::<Vec<Data16>>()?, sent);

    let error = socket.call::<peek>(&()).await?.reply::<String>().unwrap_err();
    assert_eq!(error, TestError::Unexpected("alloc::string::String"));
    Ok(())
}

#[tokio::test]
async fn an_error_saves_nothing_and_says_why() -> Result {
    let test = all();
    let session = test.session(|visit: &mut Visit| visit.count = 6).await?;
    let socket = test.connect(&session).await?;

    let done = socket.call::<refuse>(&()).await?;
    let ErrorReply { code, message, data, .. } = done.error().ok_or("no error")?;
    assert_eq!((&*code, &*message, data), ("full", "no more", Some(json!({ "most": 3 }))));
    assert!(done.changed().is_empty());
    assert!(matches!(done.reply::<()>(), Err(TestError::Refused(_))));
    assert_eq!(session.get().await?.count, 6);

    let error = socket.call::<rename>(&5).await?.error().ok_or("no error")?;
    assert_eq!(error.code, "invalid_payload");
    // a client would wait for ever
    assert_eq!(socket.emit("my evnt", &()).await.unwrap_err(), TestError::NoHandler("my evnt".into()));
    Ok(())
}

#[tokio::test]
async fn connecting() -> Result {
    let test = Testing::builder()
        .state(Password("sesame"))
        .namespace("/", |sessions| sessions.namespace().on_connect::<hello>().on_fallback::<fallback>())
        .namespace("/secret", |sessions| sessions.namespace().guard_with::<knows>("say it"))
        .start();
    let session = test.session(|visit: &mut Visit| visit.count = 1).await?;

    let socket = test.connect(&session).await?;
    assert_eq!(session.get().await?.count, 101);
    assert_eq!(socket.next::<u32>("hello").await?, 101);
    assert_eq!(socket.emit("what is this", &()).await?.reply::<String>()?, "what is this");

    let secret = || test.client().session(&session).namespace("/secret");
    let refused = TestError::ConnectError("say it".into());
    assert_eq!(secret().auth("please")?.connect().await.unwrap_err(), refused);
    secret().auth("sesame")?.connect().await?;
    // it asks for no session, so none is needed
    test.client().namespace("/secret").auth("sesame")?.connect().await?;
    let nowhere = test.client().namespace("/nowhere").connect().await;
    assert_eq!(nowhere.unwrap_err(), TestError::NoNamespace("/nowhere".into()));
    Ok(())
}

#[tokio::test]
async fn a_handshake_that_creates_the_session() -> Result {
    let test = Testing::builder()
        .sessions(|sessions| sessions.handshake(Handshake::Create))
        .namespace("/", |sessions| sessions.namespace().on::<my_event>())
        .start();
    let socket = test.client().connect().await?;
    assert_eq!(socket.call::<my_event>(&()).await?.reply::<u32>()?, 1);
    let session = socket.session::<Visit>().ok_or("no session")?;
    assert_eq!(session.get().await?.count, 1);

    // unless its cookie comes back, it ends after a minute
    test.advance(Duration::from_mins(1)).await;
    assert_eq!(socket.closed().await?, Close::Reconnect);
    Ok(())
}

#[tokio::test]
async fn without_a_session() -> Result {
    let test = all();
    let socket = test.client().connect().await?;
    assert!(socket.session::<Visit>().is_none());
    assert_eq!(socket.call::<my_event>(&()).await?.error().ok_or("no error")?.code, "no_session");
    Ok(())
}

#[tokio::test]
async fn what_ends_a_socket() -> Result {
    let test = all();
    let session = test.session(|_: &mut Visit| ()).await?;
    let (first, second) = (test.connect(&session).await?, test.connect(&session).await?);
    // the one that asks is answered
    assert_eq!(first.call::<log_out>(&()).await?.reply::<()>(), Ok(()));
    assert_eq!(second.closed().await?, Close::Final);
    assert_eq!(first.closed().await?, Close::Final);
    assert_eq!(first.call::<my_event>(&()).await.unwrap_err(), TestError::Closed(Close::Final));

    let session = test.session(|_: &mut Visit| ()).await?;
    let socket = test.connect(&session).await?;
    assert_eq!(socket.call::<hang_up>(&()).await.unwrap_err(), TestError::Closed(Close::Reconnect));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn waits_take_no_time_where_the_clock_stands() -> Result {
    let began = std::time::Instant::now();
    let test = all();
    let session = test.session(|_: &mut Visit| ()).await?;
    let socket = test.connect(&session).await?;
    assert_eq!(socket.call::<sleep>(&()).await?.error().ok_or("no error")?.code, "timeout");
    assert!(began.elapsed() < Duration::from_secs(30), "it has waited");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails() -> Result {
    let test = all();
    let session = test.session(|_: &mut Visit| ()).await?;
    let socket = test.connect(&session).await?;
    for (fault, code, count) in [
        (Fault::Unavailable, "store_unavailable", 0),
        (Fault::Unanswered, "unknown", 0),
        (Fault::TooLarge, "overloaded", 0),
        // it is there, and nobody knows
        (Fault::AppliedUnanswered, "unknown", 1),
    ] {
        test.store().fail_writes(fault);
        let done = socket.call::<my_event>(&()).await?;
        assert_eq!(done.error().ok_or("no error")?.code, code, "{fault:?}");
        assert_eq!(done.changed().len(), usize::try_from(count)?, "{fault:?}");
        test.store().recover();
        assert_eq!(session.get().await?.count, count, "{fault:?}");
    }
    test.store().fail_reads(Fault::Unavailable);
    assert_eq!(socket.call::<peek>(&()).await?.error().ok_or("no error")?.code, "store_unavailable");
    test.store().fail(Fault::Unavailable);
    let Err(TestError::Handshake(status)) = test.connect(&session).await else {
        return Err("a handshake without a store".into());
    };
    assert_eq!(status, 503);
    test.store().recover();
    assert_eq!(socket.call::<my_event>(&()).await?.reply::<u32>()?, 2);
    Ok(())
}
