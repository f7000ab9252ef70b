//! What Redis refuses: nothing is written, the reason is clear, and once it is gone everything goes on.

use socket_session::store::{
    Acquired, Claim, Deadline, Fence, NodeId, Retirement, Then, Token, TransactionId, UserKey,
};
use test_servers::{Options, RedisServer};

use super::*;

fn claim(token: u128) -> Claim {
    Claim { token: Token(token), node: NodeId(1), over: None }
}

/// Every operation that writes fails for that reason, and has done nothing.
async fn all_refuse(store: &RedisStore, key: &SessionKey, reason: &str) {
    let fresh = super::key();
    let fenced = Patch { fence: Some(Fence { token: Token(1), then: Then::Release }), ..sets("count", json!(2)) };
    let retirement = Retirement { transaction: TransactionId(7), token: None, seen: None, until: now() + minutes(1) };
    for said in [
        unavailable(store.create(&fresh, record(&[]), now()).await),
        unavailable(store.patch(key, &sets("count", json!(2)), now()).await),
        unavailable(store.patch(key, &fenced, now()).await),
        unavailable(store.acquire(key, &claim(2), now()).await),
        unavailable(store.touch(key, Deadline::Set(now() + minutes(99)), now()).await),
        unavailable(store.delete(key, now()).await),
        unavailable(store.retire(key, &retirement, now()).await),
        unavailable(store.join(&UserKey::from([7; 32]), key).await),
        unavailable(store.end_user(&UserKey::from([7; 32])).await),
    ] {
        assert!(said.contains(reason), "{said}");
        assert!(!said.contains("count") && !said.contains(&hex(key)), "{said}");
    }
}

/// The session is as it was, and can be written.
async fn all_work(store: &RedisStore, key: &SessionKey) {
    assert_eq!(count(store, key).await, Some(json!(1)));
    assert_eq!(store.patch(key, &sets("count", json!(2)), now()).await.unwrap(), APPLIED);
    assert_eq!(count(store, key).await, Some(json!(2)));
}

async fn held(store: &RedisStore) -> SessionKey {
    let key = counted(store).await;
    assert!(matches!(store.acquire(&key, &claim(1), now()).await.unwrap(), Acquired::Held(_)));
    key
}

#[tokio::test]
async fn a_replica() {
    let master = RedisServer::plain();
    let replica = RedisServer::start(Options::default().replica_of(&master));
    replicas::connected(&master, 1).await;
    let key = held(&connect(&master).await).await;
    replicas::connected(&master, 1).await;

    let store = connect(&replica).await;
    all_refuse(&store, &key, "it is a replica, and only the master can be written (READONLY").await;
    Beside::new(&replica).await.does("REPLICAOF NO ONE").await;
    all_work(&store, &key).await;
}

#[tokio::test]
async fn full_memory() {
    let server = RedisServer::start(Options::default().max_memory("100mb"));
    let (store, mut beside) = (connect(&server).await, Beside::new(&server).await);
    let (key, other, third) = (held(&store).await, held(&store).await, held(&store).await);
    assert!(matches!(store.acquire(&third, &claim(2), now()).await.unwrap(), Acquired::Refused(_)));
    beside.does("CONFIG SET maxmemory 1").await;

    let reason = "its memory is full, up to its `maxmemory` (OOM";
    for said in [
        unavailable(store.create(&super::key(), record(&[]), now()).await),
        unavailable(store.patch(&key, &sets("count", json!(2)), now()).await),
        unavailable(store.acquire(&key, &claim(2), now()).await),
    ] {
        assert!(said.contains(reason), "{said}");
    }
    // what makes room, or keeps alive what there is, goes on
    assert_eq!(count(&store, &key).await, Some(json!(1)));
    assert!(store.touch(&key, Deadline::Extend(now() + minutes(99)), now()).await.unwrap());
    assert!(store.delete(&other, now()).await.unwrap());
    store.release(&key, Token(1)).await.unwrap();
    store.release(&third, Token(1)).await.unwrap();

    beside.does("CONFIG SET maxmemory 0").await;
    all_work(&store, &key).await;
    assert!(matches!(store.acquire(&key, &claim(3), now()).await.unwrap(), Acquired::Held(_)));
    // the offer was made although the memory was full
    assert!(matches!(store.acquire(&third, &claim(3), now()).await.unwrap(), Acquired::Refused(_)));
    assert!(matches!(store.acquire(&third, &claim(2), now()).await.unwrap(), Acquired::Held(_)));
}

#[tokio::test]
async fn a_patch_sent_again_into_full_memory() {
    let server = RedisServer::plain();
    let (store, mut beside) = (connect(&server).await, Beside::new(&server).await);
    let key = held(&store).await;
    let patch = Patch { fence: Some(Fence { token: Token(1), then: Then::Keep }), ..sets("count", json!(2)) };
    store.patch(&key, &patch, now()).await.unwrap();
    beside.does("CONFIG SET maxmemory 1").await;
    // it was applied: to say that it surely was not would be a lie
    let again = store.patch(&key, &patch, now()).await.unwrap();
    assert_eq!(again, Patched::Applied { held: true, alone: true });
}

#[tokio::test]
async fn a_disk_that_cannot_be_written() {
    let server =
        RedisServer::start(Options::default().with("--enable-protected-configs", "yes").with("--save", "3600 1"));
    let (store, mut beside) = (connect(&server).await, Beside::new(&server).await);
    let key = held(&store).await;
    let dir: Vec<String> = beside.tell("CONFIG GET dir").await;
    beside.does("CONFIG SET dir /proc").await;
    beside.does("BGSAVE").await;
    let begun = std::time::Instant::now();
    while !beside.tell::<String>("INFO persistence").await.contains("rdb_last_bgsave_status:err") {
        assert!(begun.elapsed() < PATIENCE, "the disk can be written");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }

    all_refuse(&store, &key, "it cannot save to its disk, and so takes no changes (MISCONF").await;
    beside.does(&format!("CONFIG SET dir {}", dir[1])).await;
    beside.does("CONFIG SET stop-writes-on-bgsave-error no").await;
    all_work(&store, &key).await;
}

#[tokio::test]
async fn too_few_replicas() {
    let server = RedisServer::plain();
    let (store, mut beside) = (connect(&server).await, Beside::new(&server).await);
    let key = held(&store).await;
    beside.does("CONFIG SET min-replicas-to-write 1").await;
    all_refuse(&store, &key, "it has fewer replicas than its `min-replicas-to-write` (NOREPLICAS").await;
    beside.does("CONFIG SET min-replicas-to-write 0").await;
    all_work(&store, &key).await;
}

#[tokio::test]
async fn a_password_that_came_later() {
    let server = RedisServer::plain();
    let (store, mut beside) = (connect(&server).await, Beside::new(&server).await);
    let key = held(&store).await;
    beside.does("CONFIG SET requirepass hunter2").await;
    beside.does("AUTH hunter2").await;
    beside.does("CLIENT KILL TYPE normal SKIPME yes").await;
    // the read finds that its connection has ended, and makes another
    let said = unavailable(store.load(&key, now()).await);
    assert!(said.contains("it wants a password, and the URL has none (NOAUTH"), "{said}");
    all_refuse(&store, &key, "it wants a password, and the URL has none (NOAUTH").await;
    beside.does("CONFIG SET requirepass ").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    all_work(&store, &key).await;
}

#[tokio::test]
async fn a_password_that_was_changed() {
    let server = RedisServer::start(Options::default().password("hunter2"));
    let (store, mut beside) = (connect(&server).await, Beside::new(&server).await);
    let key = held(&store).await;
    beside.does("CONFIG SET requirepass hunter3").await;
    beside.does("CLIENT KILL TYPE normal SKIPME yes").await;
    let said = unavailable(store.load(&key, now()).await);
    assert!(said.contains("refuses the user name or the password"), "{said}");
    all_refuse(&store, &key, "refuses the user name or the password").await;
    beside.does("CONFIG SET requirepass hunter2").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    all_work(&store, &key).await;
}

#[tokio::test]
async fn a_permission_that_was_taken() {
    let server = RedisServer::plain();
    let mut beside = Beside::new(&server).await;
    beside.does("ACL SETUSER app on >hunter2 ~* &* +@all").await;
    let url = format!("redis://app:hunter2@127.0.0.1:{}/", server.port());
    let store = RedisStore::connect(url).await.unwrap();
    let key = held(&store).await;
    beside.does("ACL SETUSER app -evalsha").await;
    all_refuse(&store, &key, "its user may not do what the store needs (NOPERM").await;
    beside.does("ACL SETUSER app +evalsha").await;
    all_work(&store, &key).await;
}

#[tokio::test]
async fn the_permissions_that_the_readme_names_are_enough() {
    let readme = include_str!("../../README.md");
    let rule = readme.lines().find(|line| line.starts_with("ACL SETUSER ")).unwrap();
    let server = RedisServer::plain();
    Beside::new(&server).await.does(rule).await;
    let mut words = rule.split(' ').skip(2);
    let (user, password) = (words.next().unwrap(), words.find_map(|word| word.strip_prefix('>')).unwrap());
    let url = format!("redis://{user}:{password}@127.0.0.1:{}/", server.port());
    socket_session::conformance::run(async || RedisStore::connect(url.as_str()).await.unwrap()).await.assert();
}

#[tokio::test]
async fn a_key_of_another_type() {
    let server = RedisServer::plain();
    let (store, mut beside) = (connect(&server).await, Beside::new(&server).await);
    let key = key();
    beside.does(&format!("SET {} hunter2", redis_key(&key))).await;
    let reason = "a key of this prefix is of another type: somebody else writes there, too (WRONGTYPE";
    let said = unavailable(store.load(&key, now()).await);
    assert!(said.contains(reason) && !said.contains("hunter2"), "{said}");
    let said = unavailable(store.exists(&[key], now()).await);
    assert!(said.contains(reason), "{said}");
    let said = unavailable(store.create(&key, record(&[]), now()).await);
    assert!(said.contains(reason), "{said}");
    let said = unavailable(store.release(&key, Token(1)).await);
    assert!(said.contains(reason), "{said}");
    let patch = sets("count", json!(2));
    let said = unavailable(store.patch(&key, &patch, now()).await);
    assert!(said.contains(reason), "{said}");
    assert_eq!(beside.tell::<String>(&format!("GET {}", redis_key(&key))).await, "hunter2");
}

#[tokio::test]
async fn a_damaged_record() {
    let server = RedisServer::plain();
    let (store, mut beside) = (connect(&server).await, Beside::new(&server).await);
    for (damage, reason) in [
        ("HSET # =count {hunter2", "the value of a field is no JSON"),
        ("HSET # @d hunter2", "a deadline is no time"),
        ("HDEL # @d", "it has no deadline"),
    ] {
        let key = counted(&store).await;
        beside.does(&damage.replace('#', &redis_key(&key))).await;
        let said = unavailable(store.load(&key, now()).await);
        assert!(said.contains(reason) && !said.contains("hunter2"), "{said}");
    }
    let key = held(&store).await;
    beside.does(&format!("HSET {} @n hunter2", redis_key(&key))).await;
    let renewal = Patch { fence: Some(Fence { token: Token(1), then: Then::Keep }), ..Patch::new() };
    for patch in [renewal, sets("count", json!(2))] {
        let said = unavailable(store.patch(&key, &patch, now()).await);
        assert!(said.contains("the bookkeeping under a key is damaged") && !said.contains("hunter2"), "{said}");
    }
    assert_eq!(count(&store, &key).await, Some(json!(1)));
    let said = unavailable(store.acquire(&key, &claim(2), now()).await);
    assert!(said.contains("a lease's renewal is no number"), "{said}");
}
