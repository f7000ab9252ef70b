//! Which sessions a user has, and when all of them were ended: as Redis keeps it, and by its clock.

use socket_session::store::{Member, UserKey};
use test_servers::{Options, RedisServer};

use super::*;

/// Long enough for a machine that is busy, and short beside the times that these tests are about.
const A_MOMENT: Duration = PATIENCE;

fn user() -> UserKey {
    UserKey::from(*key().as_bytes())
}

fn hex_of(user: &UserKey) -> String {
    hex(&SessionKey::from(*user.as_bytes()))
}

fn members_key(user: &UserKey) -> String {
    format!("socket-session:user:{{{}}}", hex_of(user))
}

fn end_key(user: &UserKey) -> String {
    format!("socket-session:ended:{{{}}}", hex_of(user))
}

async fn joined(store: &RedisStore, user: &UserKey) -> SessionKey {
    let key = key();
    store.join(user, &key).await.unwrap();
    key
}

async fn keys_of(store: &RedisStore, user: &UserKey) -> Vec<SessionKey> {
    let mut keys: Vec<_> = store.members(user).await.unwrap().iter().map(|member| member.key).collect();
    keys.sort();
    keys
}

/// The age of the only session of a user.
async fn age(store: &RedisStore, user: &UserKey) -> Duration {
    match store.members(user).await.unwrap()[..] {
        [Member { age, .. }] => age,
        ref members => panic!("{members:?}"),
    }
}

#[track_caller]
fn about(age: Duration, minutes: u64) {
    let expected = Duration::from_mins(minutes);
    assert!(age + A_MOMENT > expected && age < expected + A_MOMENT, "{age:?}");
}

#[tokio::test]
async fn two_keys_of_a_user_and_no_other() {
    let server = RedisServer::plain();
    let (store, mut beside) = (connect(&server).await, Beside::new(&server).await);
    let user = user();
    assert_eq!(store.members(&user).await.unwrap(), []);
    assert_eq!(store.user_ended(&user).await.unwrap(), None);
    store.leave(&user, &[key()]).await.unwrap();
    assert_eq!(beside.tell::<Vec<String>>("KEYS *").await, [""; 0]);

    let (first, second) = (joined(&store, &user).await, joined(&store, &user).await);
    store.end_user(&user).await.unwrap();
    let mut keys: Vec<String> = beside.tell("KEYS *").await;
    keys.sort();
    assert_eq!(keys, [end_key(&user), members_key(&user)]);
    let mut members: Vec<String> = beside.tell(&format!("ZRANGE {} 0 -1", members_key(&user))).await;
    members.sort();
    let mut expected = [first, second].map(|key| hex(&key));
    expected.sort();
    assert_eq!(members, expected);
    // microseconds, to the last digit
    let now = now().unix_timestamp_nanos() / 1000;
    let since: String = beside.tell(&format!("ZSCORE {} {}", members_key(&user), hex(&first))).await;
    let ended: String = beside.tell(&format!("GET {}", end_key(&user))).await;
    for time in [since, ended] {
        let time: i128 = time.parse().unwrap();
        assert!((now - 60_000_000..=now).contains(&time), "{time}");
    }

    store.leave(&user, &[first, second]).await.unwrap();
    assert_eq!(beside.tell::<Vec<String>>("KEYS *").await, [end_key(&user)]);
}

#[tokio::test]
async fn they_are_kept_as_long_as_a_cookie() {
    let server = RedisServer::plain();
    let (store, mut beside) = (connect(&server).await, Beside::new(&server).await);
    let user = user();
    let days_400 = 400 * 24 * 3_600_000;
    let near = |found: i64, expected: i64| assert!((expected - 60_000..=expected).contains(&found), "{found}");
    let key = joined(&store, &user).await;
    for _ in 0..2 {
        near(beside.tell(&format!("PTTL {}", members_key(&user))).await, days_400);
        beside.does(&format!("PEXPIRE {} 1000000", members_key(&user))).await;
        // who joins again, or another
        store.join(&user, &key).await.unwrap();
        near(beside.tell(&format!("PTTL {}", members_key(&user))).await, days_400);
        beside.does(&format!("PEXPIRE {} 1000000", members_key(&user))).await;
        joined(&store, &user).await;
    }
    for _ in 0..2 {
        store.end_user(&user).await.unwrap();
        near(beside.tell(&format!("PTTL {}", end_key(&user))).await, 20 * 60_000);
        beside.does(&format!("PEXPIRE {} 1000", end_key(&user))).await;
    }
}

#[tokio::test]
async fn ages_are_by_the_clock_of_redis() {
    let mut server = RedisServer::start(Options::default().append_only().with("--appendfsync", "always").clock("+40m"));
    let store = connect(&server).await;
    let (member, ended) = (user(), user());
    let key = joined(&store, &member).await;
    store.end_user(&ended).await.unwrap();
    about(age(&store, &member).await, 0);
    about(store.user_ended(&ended).await.unwrap().unwrap(), 0);

    server.set_clock("+55m");
    server.restart();
    // reads find the broken connection, and ask again
    about(store.user_ended(&ended).await.unwrap().unwrap(), 15);
    about(age(&store, &member).await, 15);
    store.join(&member, &key).await.unwrap();
    about(age(&store, &member).await, 15);

    server.set_clock("+61m");
    server.restart();
    assert_eq!(store.user_ended(&ended).await.unwrap(), None);
    about(age(&store, &member).await, 21);

    // it was set back
    server.set_clock("+0m");
    server.restart();
    assert_eq!(age(&store, &member).await, Duration::ZERO);
}

#[tokio::test]
async fn what_was_saved_is_on_the_replica() {
    let master = RedisServer::plain();
    let replica = RedisServer::start(Options::default().replica_of(&master));
    replicas::connected(&master, 1).await;
    let builder = RedisStore::builder().replicas(1).replica_timeout(PATIENCE);
    let (store, other) = (builder.connect(master.url()).await.unwrap(), connect(&replica).await);
    let mut beside = Beside::new(&replica).await;
    let user = user();
    let mut last = String::new();
    for n in 1..=100 {
        joined(&store, &user).await;
        assert_eq!(keys_of(&other, &user).await.len(), n);
        store.end_user(&user).await.unwrap();
        let ended: String = beside.tell(&format!("GET {}", end_key(&user))).await;
        assert!(ended > last, "{ended}");
        last = ended;
    }
}

#[tokio::test]
async fn a_replica_that_does_not_follow_is_no_answer() {
    let master = RedisServer::plain();
    let replica = RedisServer::start(Options::default().replica_of(&master));
    replicas::connected(&master, 1).await;
    let builder = RedisStore::builder().replicas(1).replica_timeout(Duration::from_millis(300));
    let (store, another) =
        (builder.clone().connect(master.url()).await.unwrap(), builder.connect(master.url()).await.unwrap());
    let user = user();
    let key = joined(&store, &user).await;

    replica.pause();
    let said = unanswered(store.end_user(&user).await);
    assert!(said.contains("only 0 of the 1 replicas asked for have the change"), "{said}");
    unanswered(store.join(&user, &super::key()).await);
    // on another connection, where nothing was written before: it must not be taken for safe
    unanswered(another.join(&user, &key).await);
    unanswered(another.end_user(&user).await);
    // it is on the master, and what may be lost waits for nobody
    assert!(store.user_ended(&user).await.unwrap().is_some());
    store.leave(&user, &[key]).await.unwrap();
    replica.resume();
    replicas::connected(&master, 1).await;
    store.end_user(&user).await.unwrap();
}

#[tokio::test]
async fn full_memory_hinders_no_end() {
    let server = RedisServer::start(Options::default().max_memory("100mb"));
    let (store, mut beside) = (connect(&server).await, Beside::new(&server).await);
    let (user, again) = (user(), user());
    let (first, second) = (joined(&store, &user).await, joined(&store, &user).await);
    store.end_user(&again).await.unwrap();
    beside.does("CONFIG SET maxmemory 1").await;
    let said = unavailable(store.join(&user, &key()).await);
    assert!(said.contains("its memory is full, up to its `maxmemory` (OOM"), "{said}");
    for user in [user, again] {
        store.end_user(&user).await.unwrap();
        about(store.user_ended(&user).await.unwrap().unwrap(), 0);
    }
    store.leave(&user, &[first]).await.unwrap();
    assert_eq!(keys_of(&store, &user).await, [second]);
}

#[tokio::test]
async fn scripts_forgotten() {
    let server = RedisServer::plain();
    let (store, mut beside) = (connect(&server).await, Beside::new(&server).await);
    let user = user();
    for n in 1..=2 {
        beside.does("SCRIPT FLUSH").await;
        joined(&store, &user).await;
        beside.does("SCRIPT FLUSH").await;
        assert_eq!(keys_of(&store, &user).await.len(), n);
        beside.does("SCRIPT FLUSH").await;
        store.end_user(&user).await.unwrap();
        beside.does("SCRIPT FLUSH").await;
        assert!(store.user_ended(&user).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn killed_and_restarted() {
    let mut server = RedisServer::start(Options::default().append_only());
    let store = connect(&server).await;
    let user = user();
    let key = joined(&store, &user).await;
    server.kill();
    // a first write may still find the broken connection; after that it is known that nothing is sent
    let _ = store.leave(&user, &[key]).await;
    for said in [
        unavailable(store.join(&user, &key).await),
        unavailable(store.leave(&user, &[key]).await),
        unavailable(store.members(&user).await),
        unavailable(store.end_user(&user).await),
        unavailable(store.user_ended(&user).await),
    ] {
        assert!(said.contains("Connection refused"), "{said}");
    }
    server.restart();
    let begun = std::time::Instant::now();
    while let Err(error) = store.join(&user, &key).await {
        assert!(begun.elapsed() < PATIENCE, "{}", whole(&error));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(keys_of(&store, &user).await, [key]);
}

#[tokio::test]
async fn what_somebody_else_has_written() {
    let server = RedisServer::plain();
    let (store, mut beside) = (connect(&server).await, Beside::new(&server).await);
    let user = user();
    beside.does(&format!("SET {} hunter2", members_key(&user))).await;
    let reason = "a key of this prefix is of another type: somebody else writes there, too (WRONGTYPE";
    for said in [
        unavailable(store.join(&user, &key()).await),
        unavailable(store.leave(&user, &[key()]).await),
        unavailable(store.members(&user).await),
    ] {
        assert!(said.contains(reason) && !said.contains("hunter2") && !said.contains(&hex_of(&user)), "{said}");
    }
    beside.does(&format!("DEL {}", members_key(&user))).await;
    beside.does(&format!("ZADD {} 1 hunter2", members_key(&user))).await;
    let said = unavailable(store.members(&user).await);
    assert!(said.contains("a session of a user is none") && !said.contains("hunter2"), "{said}");

    beside.does(&format!("SET {} hunter2", end_key(&user))).await;
    let said = unavailable(store.user_ended(&user).await);
    assert!(said.contains("the end of a user is no time") && !said.contains("hunter2"), "{said}");
    store.end_user(&user).await.unwrap();
    about(store.user_ended(&user).await.unwrap().unwrap(), 0);
}

#[tokio::test]
async fn prefixes_keep_applications_apart() {
    let server = RedisServer::plain();
    let shop = RedisStore::builder().prefix("shop:").connect(server.url()).await.unwrap();
    let blog = RedisStore::builder().prefix("blog:").connect(server.url()).await.unwrap();
    let user = user();
    let key = joined(&shop, &user).await;
    shop.end_user(&user).await.unwrap();
    assert_eq!(blog.members(&user).await.unwrap(), []);
    assert_eq!(blog.user_ended(&user).await.unwrap(), None);
    blog.leave(&user, &[key]).await.unwrap();
    assert_eq!(keys_of(&shop, &user).await, [key]);
}
