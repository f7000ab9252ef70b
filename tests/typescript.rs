//! What a namespace is in TypeScript.

#![expect(clippy::unused_async, reason = "event handlers are async, whatever they do")]

use std::{error::Error, fmt::Debug};

use serde::{Deserialize, Serialize};
use socket_session::{
    AfterSave, EventError, MemoryStore, Namespace, Sessions, on, on_fallback, server_event, socket_session,
    testing::Testing, ts_rs::TS,
};
use socketioxide::{
    SocketIo,
    adapter::Adapter,
    extract::{Data, SocketRef, TryData},
};

type Result<T = (), E = Box<dyn Error>> = std::result::Result<T, E>;

#[socket_session]
#[derive(Serialize, TS)]
#[ts(crate = "socket_session::ts_rs")]
struct Visit {
    count: u32,
    user: Option<User>,
}

/// Who it is.
#[derive(Serialize, Deserialize, TS)]
#[ts(crate = "socket_session::ts_rs")]
struct User {
    name: String,
    /// Larger than a number of JavaScript's may be, and one in JSON all the same.
    id: u64,
}

#[derive(Serialize, Deserialize)]
struct Plain(u8);

type Answer<T> = Result<T, EventError>;

#[on("borrowed")]
async fn borrowed(visit: &Visit) -> &Visit {
    visit
}

#[on("borrowed in a result")]
async fn borrowed_in_a_result(visit: &mut Visit) -> Answer<&str> {
    Ok(visit.user.as_ref().map_or("", |user| &user.name))
}

#[on("aliased")]
async fn aliased<A: Adapter>(_socket: SocketRef<A>, TryData(_): TryData<Vec<User>>) -> Answer<Option<u64>> {
    Ok(None)
}

#[on("several")]
async fn several(Data((a, _)): Data<(String, bool)>, _: AfterSave) -> (String, u8) {
    (a, 1)
}

#[on("nothing")]
async fn nothing(_: &mut Visit) {}

#[on("untyped")]
async fn untyped(Data(plain): Data<Plain>) -> Plain {
    plain
}

#[on("untyped in a result")]
async fn untyped_in_a_result() -> Answer<Plain> {
    Ok(Plain(1))
}

#[on("untold")]
async fn untold() -> impl Serialize + Debug {
    1
}

#[on("quo\"ted")]
/// One line,
/// and */ another.
async fn quoted() -> serde_json::Value {
    serde_json::Value::Null
}

#[on_fallback]
async fn whatever() {}

#[server_event("tick")]
struct Tick;

/// Where it went.
#[server_event("moved")]
struct Moved(u32, User);

#[server_event("renamed")]
#[derive(Serialize, TS)]
#[ts(crate = "socket_session::ts_rs")]
struct Renamed {
    name: String,
}

#[server_event("opaque")]
struct Opaque(Plain);

fn namespace() -> Namespace {
    let (_, io) = SocketIo::new_layer();
    Sessions::builder(MemoryStore::default()).build(&io).namespace()
}

/// The lines of an interface.
fn lines<'a>(written: &'a str, interface: &str) -> Vec<&'a str> {
    let begin = format!("export interface {interface} {{\n");
    let (_, rest) = written.split_once(&begin).unwrap_or_default();
    rest.split("\n}").next().unwrap_or_default().lines().map(str::trim).collect()
}

#[test]
fn each_type_says_what_it_is_or_is_unknown() -> Result {
    let namespace = namespace().on::<borrowed>().on::<borrowed_in_a_result>().on::<aliased>().on::<several>();
    let namespace = namespace.on::<nothing>().on::<untyped>().on::<untyped_in_a_result>().on::<untold>();
    let written = namespace.on_fallback::<whatever>().typescript()?;
    let expected = [
        r#""aliased": (data: Array<User>, acknowledge: (reply: number | null | ErrorReply) => void) => void;"#,
        r#""borrowed": (acknowledge: (reply: Visit | ErrorReply) => void) => void;"#,
        r#""borrowed in a result": (acknowledge: (reply: string | ErrorReply) => void) => void;"#,
        r#""nothing": (acknowledge: (reply: null | ErrorReply) => void) => void;"#,
        r#""several": (argument1: string, argument2: boolean, acknowledge: (reply: [string, number] | ErrorReply) => void) => void;"#,
        r#""untold": (acknowledge: (reply: unknown) => void) => void;"#,
        r#""untyped": (data: unknown, acknowledge: (reply: unknown) => void) => void;"#,
        r#""untyped in a result": (acknowledge: (reply: unknown) => void) => void;"#,
    ];
    assert_eq!(lines(&written, "ClientToServerEvents"), expected);
    // what is named is declared, once, with its comments
    assert!(written.contains("Who it is.\n */\nexport type User = {"), "{written}");
    assert!(written.contains("id: number"), "{written}");
    assert_eq!(written.matches("export type ").count(), 2, "{written}");
    Ok(())
}

#[test]
fn comments_and_names_of_every_kind() -> Result {
    let written = namespace().on::<quoted>().typescript()?;
    let expected = [
        "/**",
        "* One line,",
        "* and * / another.",
        "*/",
        r#""quo\"ted": (acknowledge: (reply: JsonValue | ErrorReply) => void) => void;"#,
    ];
    assert_eq!(lines(&written, "ClientToServerEvents"), expected);
    assert!(written.contains("export type JsonValue = "), "{written}");
    Ok(())
}

#[test]
fn what_the_server_sends() -> Result {
    let written = namespace().emits::<Tick>().emits::<Moved>().emits::<Renamed>().emits::<Opaque>().typescript()?;
    let expected = [
        "/** Where it went. */",
        r#""moved": (argument1: number, argument2: User) => void;"#,
        r#""opaque": (data: unknown) => void;"#,
        r#""renamed": (data: Renamed) => void;"#,
        r#""tick": () => void;"#,
        "/** The connection is about to be ended. */",
        r#""session_ended": (data: { reason: "logout" | "expired" | "rotated" | "replaced" | "demoted" | "shutting_down" }) => void;"#,
        "/** An event that asked for no acknowledgement has failed. */",
        r#""session_error": (data: ErrorReply) => void;"#,
    ];
    assert_eq!(lines(&written, "ServerToClientEvents"), expected);
    Ok(())
}

#[test]
fn two_types_of_one_name_are_an_error() {
    mod other {
        #[derive(serde::Serialize, socket_session::ts_rs::TS)]
        #[ts(crate = "socket_session::ts_rs", rename = "User")]
        pub(super) struct Another {
            pub(super) age: u8,
        }
    }

    #[server_event("other")]
    struct Other(other::Another);

    let error = namespace().emits::<Moved>().emits::<Other>().typescript().unwrap_err();
    assert_eq!(error.name(), "User");
    assert!(namespace().emits::<Other>().typescript().is_ok());
    let _ = other::Another { age: 1 }.age;
}

#[on("send them")]
async fn send_them(_: &mut Visit, after: AfterSave) {
    after.send(&Tick);
    after.send(&Moved(1, User { name: "Ada".into(), id: 2 }));
    after.send(&Renamed { name: "Ada".into() });
}

#[tokio::test]
async fn server_events_arrive_as_they_are_declared() -> Result {
    let test = Testing::new(|sessions| sessions.namespace().on::<send_them>());
    let session = test.session(|_: &mut Visit| ()).await?;
    let socket = test.connect(&session).await?;
    let done = socket.call::<send_them>(&()).await?;
    assert_eq!(done.events(), ["tick", "moved", "renamed"]);
    assert!(done.emitted::<(u8,)>("tick").is_err(), "there is an argument");
    let moved = done.emitted::<(u32, User)>("moved")?;
    assert_eq!(moved.first().map(|(to, user)| (*to, user.id)), Some((1, 2)));
    let renamed = done.emitted::<serde_json::Value>("renamed")?;
    assert_eq!(renamed, [serde_json::json!({ "name": "Ada" })]);

    session.send(&Opaque(Plain(3))).await?;
    assert_eq!(socket.next::<u8>("opaque").await?, 3);
    Ok(())
}
