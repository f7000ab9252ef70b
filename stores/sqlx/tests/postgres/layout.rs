//! What a dump shows.

use futures_util::StreamExt as _;
use socket_session::{
    Id,
    store::{Ending, Loaded, NodeId, Notice, Patched, Record, Retirement, Store as _, Then, Token, TransactionId},
};
use sqlx::postgres::PgListener;
use test_servers::PostgresServer;

use super::{Beside, common::*, ready};

#[tokio::test]
async fn nothing_holds_a_session_id() {
    let server = PostgresServer::start(None, &["log_statement=all", "log_parameter_max_length=-1"]);
    let (store, mut beside) = (ready(&server).await, Beside::new(&server).await);
    let mut messages = PgListener::connect(&server.url()).await.unwrap();
    let channels = [format!("socket_session_{:032x}", 2), "socket_session_all".to_owned()];
    messages.listen_all(channels.iter().map(String::as_str)).await.unwrap();

    let (lives, retired): (Id, Id) = (id(), id());
    for id in [lives, retired] {
        let key = id.key();
        store.create(&key, record(&[("count", 1.into())]), now()).await.unwrap();
        for token in [1, 2] {
            store.acquire(&key, &claim(token), now()).await.unwrap();
        }
        store.patch(&key, &sets("count", 2.into()), now()).await.unwrap();
        store.release(&key, Token(1)).await.unwrap();
        store.announce(&Notice::Ended { key, by: NodeId(1), how: Ending::Destroyed }).await.unwrap();
        store.join(&user(), &key).await.unwrap();
    }
    let retirement = Retirement { transaction: TransactionId(1), token: None, seen: None, until: now() + minutes(1) };
    store.retire(&retired.key(), &retirement, now()).await.unwrap();

    let mut dump = String::new();
    for table in ["sessions", "fields", "leases", "users", "version"] {
        let rows = format!("SELECT coalesce(string_agg(t::text, E'\\n'), '') FROM socket_session_{table} t");
        dump += &beside.text(&rows).await;
    }
    for _ in 0..4 {
        let message = tokio::time::timeout(PATIENCE, messages.recv()).await.unwrap().unwrap();
        dump = dump + message.channel() + message.payload();
    }
    dump += &server.log();
    let dump = dump.into_bytes();
    assert!(contains(&dump, hex(&lives.key()).as_bytes()));
    for form in [lives, retired].into_iter().flat_map(forms) {
        assert!(!contains(&dump, &form), "{}", String::from_utf8_lossy(&form));
    }
}

#[tokio::test]
async fn fields_are_rows_that_people_can_read() {
    let server = PostgresServer::plain();
    let (store, mut beside) = (ready(&server).await, Beside::new(&server).await);
    let key = key();
    let value = serde_json::json!({ "a": [1.5, "ä"], "z": -0.0 });
    let record = Record { unconfirmed: true, ..record(&[("user.name", value), ("a\0b", "\0".into())]) };
    store.create(&key, record.clone(), now()).await.unwrap();
    let rows = "SELECT string_agg(field || ' ' || value::text, E'\\n' ORDER BY field) FROM socket_session_fields";
    let expected = concat!(r#"a\u0000b "\u0000""#, "\n", r#"user.name {"a":[1.5,"ä"],"z":-0.0}"#);
    assert_eq!(beside.text(rows).await, expected);
    let query = "SELECT value #>> '{a,1}' FROM socket_session_fields WHERE field = 'user.name'";
    assert_eq!(beside.text(query).await, "ä");
    let Loaded::Live(mut loaded) = store.load(&key, now()).await.unwrap() else { panic!("it is gone") };
    assert!((record.deadline - loaded.deadline) < time::Duration::MICROSECOND);
    loaded.deadline = record.deadline;
    assert_eq!(loaded, record);
}

/// A whole session can be deleted by hand, and nothing of it is left.
#[tokio::test]
async fn a_session_that_is_deleted_by_hand_is_gone() {
    let server = PostgresServer::plain();
    let (store, mut beside) = (ready(&server).await, Beside::new(&server).await);
    let key = counted(&store).await;
    held(&store, &key, 1).await;
    beside.does("DELETE FROM socket_session_sessions").await;
    assert_eq!(beside.counts("socket_session_fields").await, 0);
    assert_eq!(store.load(&key, now()).await.unwrap(), Loaded::Gone);
    let patch = under(1, Then::Keep, sets("count", 2.into()));
    assert_eq!(store.patch(&key, &patch, now()).await.unwrap(), Patched::Gone);
    let mut notices = store.listen(NodeId(1));
    assert_eq!(notices.next().await, Some(Notice::Missed));
}
