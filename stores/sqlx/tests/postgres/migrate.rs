//! The tables: made once, whoever comes first, and by nobody else's name.

use socket_session::store::{Loaded, Store as _};
use socket_session_sqlx::{PostgresStore, postgres::ConnectError};
use test_servers::PostgresServer;

use super::{Beside, common::*, connect, ready};

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_and_again() {
    let server = PostgresServer::plain();
    let starting: Vec<_> = (0..8)
        .map(|_| {
            let url = server.url();
            tokio::spawn(async move { PostgresStore::connect(&url).await.unwrap().migrate().await })
        })
        .collect();
    for started in starting {
        started.await.unwrap().unwrap();
    }
    let store = ready(&server).await;
    let key = counted(&store).await;
    store.migrate().await.unwrap();
    assert_eq!(count(&store, &key).await, Some(1.into()));
    assert_eq!(Beside::new(&server).await.counts("socket_session_version").await, 2);
}

#[tokio::test]
async fn nothing_works_before_and_the_error_says_so() {
    let server = PostgresServer::plain();
    let store = connect(&server).await;
    let said = [
        unavailable(store.load(&key(), now()).await),
        unavailable(store.create(&key(), record(&[]), now()).await),
        unavailable(store.acquire(&key(), &claim(1), now()).await),
        unavailable(store.purge().await),
    ];
    for said in said {
        assert!(said.contains("call `migrate()` first"), "{said}");
    }
    store.migrate().await.unwrap();
    counted(&store).await;
}

#[tokio::test]
async fn a_later_version_is_left_alone() {
    let server = PostgresServer::plain();
    let store = ready(&server).await;
    Beside::new(&server).await.does("INSERT INTO socket_session_version (version) VALUES (7)").await;
    let error = store.migrate().await.unwrap_err();
    assert!(matches!(error, ConnectError::Later { found: 7, known: 2, .. }), "{error}");
}

#[tokio::test]
async fn a_user_without_rights_may_use_what_is_there() {
    let server = PostgresServer::plain();
    let url = server.url().replace("postgres@", "app@");
    let mut beside = Beside::new(&server).await;
    beside.does("CREATE USER app; REVOKE CREATE ON SCHEMA public FROM public").await;
    let app = PostgresStore::connect(&url).await.unwrap();
    let said = whole(&app.migrate().await.unwrap_err());
    assert!(said.contains("its user may not do what the store needs (42501 "), "{said}");

    ready(&server).await;
    let said = unavailable(app.load(&key(), now()).await);
    assert!(said.contains("its user may not do what the store needs (42501 "), "{said}");
    // as the README says
    beside.does("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO app").await;
    app.migrate().await.unwrap();
    let key = counted(&app).await;
    held(&app, &key, 1).await;
    assert_eq!(app.patch(&key, &sets("count", 2.into()), now()).await.unwrap(), APPLIED);
    assert_eq!(count(&app, &key).await, Some(2.into()));
    assert_eq!(app.purge().await.unwrap(), 0);
    let user = user();
    app.join(&user, &key).await.unwrap();
    app.end_user(&user).await.unwrap();
    assert_eq!(keys_of(&app, &user).await, [key]);
    assert!(app.user_ended(&user).await.unwrap().is_some());
    app.leave(&user, &[key]).await.unwrap();
}

#[tokio::test]
async fn prefixes_keep_applications_apart() {
    let server = PostgresServer::plain();
    let shop = PostgresStore::builder().prefix("shop").connect(&server.url()).await.unwrap();
    let blog = PostgresStore::builder().prefix("blog").connect(&server.url()).await.unwrap();
    shop.migrate().await.unwrap();
    blog.migrate().await.unwrap();
    let key = counted(&shop).await;
    assert_eq!(blog.load(&key, now()).await.unwrap(), Loaded::Gone);
    assert_eq!(count(&shop, &key).await, Some(1.into()));
    let mut beside = Beside::new(&server).await;
    let tables = "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class
                  WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace";
    let expected =
        ["blog", "shop"].map(|p| format!("{p}_fields {p}_leases {p}_sessions {p}_user_ends {p}_users {p}_version"));
    assert_eq!(beside.text(tables).await, expected.join(" "));
}

#[tokio::test]
async fn a_prefix_that_is_more_than_a_name_is_refused() {
    let server = PostgresServer::plain();
    for prefix in ["", "a; DROP TABLE x; --", "a\"b", "a'b", "A", "0a", "a.b", "ä", "abcdefghijklmnopqrstuv"] {
        let error = PostgresStore::builder().prefix(prefix).connect(&server.url()).await.unwrap_err();
        assert!(matches!(&error, ConnectError::Prefix(refused) if refused == prefix), "{error}");
    }
}
