//! Several nodes in one process, on one store that takes its time and loses messages.

use std::sync::atomic::AtomicU64;

use futures_util::{StreamExt as _, future::join_all};
use tokio::time::sleep;

use super::*;
use crate::store::{Fence, Lease, Notice, Notices, Retirement, Then};

/// `MemoryStore` as a server that several nodes share: each operation takes a while, there and back.
#[derive(Clone)]
struct Server {
    records: MemoryStore,
    trip: Duration,
    /// Every so many answers, one is lost: before the operation, or after it.
    loses: Arc<AtomicU64>,
    count: Arc<AtomicU64>,
    messages: bool,
}

impl Server {
    async fn trip<T>(&self, operation: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        let count = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        let loses = self.loses.load(Ordering::Relaxed);
        let lost = loses > 0 && count.is_multiple_of(loses);
        sleep(self.trip / 2).await;
        if lost && count.is_multiple_of(2) {
            return Err(StoreError::unanswered("lost on the way there"));
        }
        let answer = operation.await;
        sleep(self.trip / 2).await;
        if lost {
            return Err(StoreError::unanswered("lost on the way back"));
        }
        answer
    }
}

impl Store for Server {
    const LEASES: bool = true;
    async fn create(&self, key: &SessionKey, record: Record, now: OffsetDateTime) -> Result<Created, StoreError> {
        self.trip(self.records.create(key, record, now)).await
    }
    async fn load(&self, key: &SessionKey, now: OffsetDateTime) -> Result<Loaded, StoreError> {
        self.trip(Store::load(&self.records, key, now)).await
    }
    async fn acquire(&self, key: &SessionKey, claim: &Claim, now: OffsetDateTime) -> Result<Acquired, StoreError> {
        self.trip(self.records.acquire(key, claim, now)).await
    }
    async fn confirm(
        &self,
        key: &SessionKey,
        claim: &Claim,
        known: Record,
        now: OffsetDateTime,
    ) -> Result<Acquired, StoreError> {
        self.trip(self.records.confirm(key, claim, known, now)).await
    }
    async fn patch(&self, key: &SessionKey, patch: &Patch, now: OffsetDateTime) -> Result<Patched, StoreError> {
        self.trip(self.records.patch(key, patch, now)).await
    }
    async fn release(&self, key: &SessionKey, token: Token) -> Result<(), StoreError> {
        self.trip(self.records.release(key, token)).await
    }
    async fn touch(&self, key: &SessionKey, deadline: Deadline, now: OffsetDateTime) -> Result<bool, StoreError> {
        self.trip(self.records.touch(key, deadline, now)).await
    }
    async fn delete(&self, key: &SessionKey, now: OffsetDateTime) -> Result<bool, StoreError> {
        self.trip(self.records.delete(key, now)).await
    }
    async fn retire(
        &self,
        key: &SessionKey,
        retirement: &Retirement,
        now: OffsetDateTime,
    ) -> Result<Patched, StoreError> {
        self.trip(self.records.retire(key, retirement, now)).await
    }
    async fn exists(&self, keys: &[SessionKey], now: OffsetDateTime) -> Result<Vec<bool>, StoreError> {
        self.trip(self.records.exists(keys, now)).await
    }
    fn listen(&self, node: NodeId) -> Notices {
        if self.messages { self.records.listen(node) } else { futures_util::stream::pending().boxed() }
    }
}

struct Lab {
    server: Server,
    key: SessionKey,
}

impl Lab {
    async fn new() -> Self {
        let (records, key) = (MemoryStore::default(), Id::mint().key());
        let deadline = OffsetDateTime::now_utc() + time::Duration::hours(1);
        let record = Record { fields: Fields::default(), deadline, unconfirmed: false, latest: None };
        records.create(&key, record, OffsetDateTime::now_utc()).await.unwrap();
        let server = Server {
            records,
            trip: Duration::from_millis(1),
            loses: Arc::default(),
            count: Arc::default(),
            messages: true,
        };
        Self { server, key }
    }

    fn node(&self) -> Arc<Engine> {
        let limits = Limits { queue: 1000, wait: Duration::from_mins(1), ..LIMITS };
        let engine = Arc::new(Engine::new(Arc::new(self.server.clone()), limits));
        let mut notices = Store::listen(&self.server, engine.node);
        let listening = Arc::downgrade(&engine);
        tokio::spawn(async move {
            while let (Some(notice), Some(engine)) = (notices.next().await, listening.upgrade()) {
                if let Notice::Offered(key) = notice {
                    engine.offered(Some(&key));
                }
            }
        });
        engine
    }

    async fn count(&self) -> u64 {
        let loaded = Store::load(&self.server.records, &self.key, OffsetDateTime::now_utc()).await.unwrap();
        loaded.live().unwrap().fields.get("count").and_then(serde_json::Value::as_u64).unwrap_or(0)
    }

    /// How many trips were made since this was last asked.
    fn trips(&self) -> u64 {
        self.server.count.swap(0, Ordering::Relaxed)
    }
}

/// `count += 1` by a handler that takes its time.
async fn increment(ticket: Ticket, works: Duration) -> Result<u64, Refusal> {
    let mut transaction = ticket.granted().await?;
    let next = count(&transaction) + 1;
    sleep(works).await;
    transaction.commit(set("count", json!(next))).await?;
    Ok(next)
}

/// So many increments at once.
async fn increments(node: &Arc<Engine>, key: SessionKey, times: usize, works: Duration) -> Vec<Result<u64, Refusal>> {
    let tickets: Vec<_> = (0..times).map(|_| node.enqueue(key, Access::Write, 0).unwrap()).collect();
    join_all(tickets.into_iter().map(|ticket| increment(ticket, works))).await
}

const BRIEFLY: Duration = Duration::ZERO;

#[tokio::test(start_paused = true)]
async fn an_event_alone_costs_two_trips_and_a_hundred_at_once_few_more() {
    let lab = Lab::new().await;
    let node = lab.node();
    increments(&node, lab.key, 1, BRIEFLY).await;
    assert_eq!(lab.trips(), 2);
    increments(&node, lab.key, 100, BRIEFLY).await;
    assert_eq!(lab.count().await, 101);
    // the first alone, for the others came after its load; then 64, and the rest
    assert!(lab.trips() <= 6);
    sleep(BUSY).await;
    assert_eq!(node.at_work(), 0, "an idle session costs nothing");
}

/// Longer than a lease is kept for whoever comes next.
const BUSY: Duration = Duration::from_millis(25);

#[tokio::test(start_paused = true)]
async fn events_that_follow_each_other_see_what_others_write_meanwhile() {
    let lab = Lab::new().await;
    let nodes = [lab.node(), lab.node()];
    let now = OffsetDateTime::now_utc;
    let mut expected = 0;
    for round in 0..6 {
        for _ in 0..5 {
            expected += 1;
            assert_eq!(increments(&nodes[0], lab.key, 1, BRIEFLY).await[0].as_ref().unwrap(), &expected);
        }
        match round {
            // by key
            0 => {
                expected = 1_000;
                let patched = lab.server.records.patch(&lab.key, &set("count", json!(expected)), now()).await;
                assert!(matches!(patched, Ok(Patched::Applied { .. })));
            }
            // on the other node, which waits for the lease no longer than it is kept
            1 => {
                expected += 1;
                let asked = Instant::now();
                assert_eq!(increments(&nodes[1], lab.key, 1, BRIEFLY).await[0].as_ref().unwrap(), &expected);
                assert!(asked.elapsed() < Duration::from_millis(40), "{:?}", asked.elapsed());
            }
            // its deadline
            2 => {
                let deadline = now() + time::Duration::hours(5);
                assert!(lab.server.records.touch(&lab.key, Deadline::Set(deadline), now()).await.unwrap());
                let ticket = nodes[0].enqueue(lab.key, Access::Write, 0).unwrap();
                assert_eq!(ticket.granted().await.unwrap().record().deadline, deadline);
            }
            // who knows: another node has taken the lease over
            3 => {
                let Acquired::Refused(lease) =
                    lab.server.records.acquire(&lab.key, &claim(1, None), now()).await.unwrap()
                else {
                    panic!("it is not held");
                };
                let taken = lab.server.records.acquire(&lab.key, &claim(1, Some(lease)), now()).await;
                assert!(matches!(taken, Ok(Acquired::Held(_))));
                expected = 2_000;
                let fence = Some(Fence { token: Token(1), then: Then::Release });
                let patch = Patch { fence, ..set("count", json!(expected)) };
                lab.server.records.patch(&lab.key, &patch, now()).await.unwrap();
            }
            _ => {}
        }
    }
    lab.server.records.delete(&lab.key, now()).await.unwrap();
    assert!(matches!(increments(&nodes[0], lab.key, 1, BRIEFLY).await[0], Err(Refusal::Gone)));
}

#[tokio::test(start_paused = true)]
async fn a_node_that_ends_gives_its_leases_back() {
    let lab = Lab::new().await;
    let nodes = [lab.node(), lab.node()];
    for _ in 0..3 {
        increments(&nodes[0], lab.key, 1, BRIEFLY).await;
    }
    let held = lab.server.records.acquire(&lab.key, &claim(1, None), OffsetDateTime::now_utc()).await.unwrap();
    assert!(matches!(held, Acquired::Refused(_)), "it is kept for whoever comes next");
    lab.server.records.release(&lab.key, Token(1)).await.unwrap();
    nodes[0].lets_go().await;
    let asked = Instant::now();
    assert_eq!(increments(&nodes[1], lab.key, 1, BRIEFLY).await[0].as_ref().unwrap(), &4);
    assert!(asked.elapsed() < Duration::from_millis(5), "{:?}", asked.elapsed());
}

fn claim(token: u128, over: Option<Lease>) -> Claim {
    Claim { token: Token(token), node: NodeId(1), over }
}

#[tokio::test(start_paused = true)]
async fn two_nodes_count_exactly_and_in_order() {
    let lab = Lab::new().await;
    let nodes = [lab.node(), lab.node(), lab.node()];
    for messages in [true, false] {
        let before = lab.count().await;
        let works = if messages { Duration::from_millis(5) } else { BRIEFLY };
        let rounds = nodes.iter().map(|node| async {
            let mut seen = Vec::new();
            for _ in 0..10 {
                seen.extend(increments(node, lab.key, 20, works).await.into_iter().map(Result::unwrap));
            }
            seen
        });
        let seen = join_all(rounds).await;
        for seen in &seen {
            assert!(seen.is_sorted(), "events of one node are ordered");
        }
        let mut all = seen.concat();
        all.sort_unstable();
        assert_eq!(all, (before + 1..=before + 600).collect::<Vec<_>>(), "no value twice, none missing");
        assert_eq!(lab.count().await, before + 600);
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_more_than_two_batches_of_the_other_node() {
    let lab = Lab::new().await;
    let (busy, other) = (lab.node(), lab.node());
    let load = tokio::spawn({
        let (busy, key) = (Arc::clone(&busy), lab.key);
        async move { increments(&busy, key, 500, Duration::from_millis(5)).await }
    });
    sleep(Duration::from_millis(20)).await;
    for _ in 0..10 {
        let begun = Instant::now();
        increments(&other, lab.key, 1, BRIEFLY).await.pop().unwrap().unwrap();
        assert!(begun.elapsed() < Duration::from_millis(150), "{:?}", begun.elapsed());
        sleep(Duration::from_millis(10)).await;
    }
    assert!(!load.is_finished());
}

#[tokio::test(start_paused = true)]
async fn lost_answers_are_made_up_for() {
    for messages in [true, false] {
        let mut lab = Lab::new().await;
        lab.server.loses.store(7, Ordering::Relaxed);
        lab.server.messages = messages;
        let (one, two) = (lab.node(), lab.node());
        let rounds = [&one, &two].map(|node| async {
            let (mut saved, mut unknown) = (0, 0);
            for _ in 0..60 {
                for outcome in increments(node, lab.key, 3, BRIEFLY).await {
                    match outcome {
                        Ok(_) => saved += 1,
                        // the other node has saved so often meanwhile that the store has forgotten
                        Err(Refusal::Unknown) => unknown += 1,
                        // an acquire that got no answer
                        Err(Refusal::Unavailable(_)) => {}
                        Err(refusal) => panic!("{refusal:?}"),
                    }
                }
            }
            (saved, unknown)
        });
        let ends = join_all(rounds).await.into_iter();
        let (saved, unknown) = ends.fold((0, 0), |sum, end| (sum.0 + end.0, sum.1 + end.1));
        let count = lab.count().await;
        assert!((saved..=saved + unknown).contains(&count), "{count} of {saved} to {}", saved + unknown);
        assert!(saved > 200 && unknown < 20, "{saved} saved, {unknown} unknown");
    }
}

/// Takes the lease and dies.
async fn dead_holder(lab: &Lab) -> Lease {
    let claim = Claim { token: Token(1), node: NodeId(1), over: None };
    let acquired = lab.server.acquire(&lab.key, &claim, OffsetDateTime::now_utc()).await.unwrap();
    assert!(matches!(acquired, Acquired::Held(_)));
    Lease { token: Token(1), renewal: Some(0) }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_dies_costs_the_others_one_lease() {
    let lab = Lab::new().await;
    dead_holder(&lab).await;
    let begun = Instant::now();
    let outcomes = increments(&lab.node(), lab.key, 10, BRIEFLY).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    let waited = begun.elapsed();
    assert!(waited >= Duration::from_secs(4) && waited < Duration::from_millis(4500), "{waited:?}");
    // and what it still had under way is refused
    let late = Patch { fence: Some(Fence { token: Token(1), then: Then::Release }), ..set("count", json!(0)) };
    assert_eq!(lab.server.patch(&lab.key, &late, OffsetDateTime::now_utc()).await.unwrap(), Patched::Fenced);
    assert_eq!(lab.count().await, 10);
}

#[tokio::test(start_paused = true)]
async fn a_waiter_that_dies_costs_the_others_a_moment() {
    let lab = Lab::new().await;
    let node = lab.node();
    let running = node.enqueue(lab.key, Access::Write, 0).unwrap().granted().await.unwrap();
    let dead = Claim { token: Token(1), node: NodeId(1), over: None };
    lab.server.acquire(&lab.key, &dead, OffsetDateTime::now_utc()).await.unwrap();
    drop(running);
    sleep(Duration::from_millis(10)).await;
    let begun = Instant::now();
    increments(&node, lab.key, 1, BRIEFLY).await.pop().unwrap().unwrap();
    assert!(begun.elapsed() < Duration::from_millis(200), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_long_handler_keeps_its_lease_from_the_other_node() {
    let lab = Lab::new().await;
    let (one, two) = (lab.node(), lab.node());
    let long = tokio::spawn({
        let ticket = one.enqueue(lab.key, Access::Write, 0).unwrap();
        async move { increment(ticket, Duration::from_secs(20)).await.unwrap() }
    });
    sleep(Duration::from_millis(10)).await;
    assert_eq!(increments(&two, lab.key, 1, BRIEFLY).await.pop().unwrap().unwrap(), 2);
    assert_eq!(long.await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_handler_whose_lease_was_taken_over_is_rolled_back() {
    let lab = Lab::new().await;
    let node = lab.node();
    let mut transaction = node.enqueue(lab.key, Access::Write, 0).unwrap().granted().await.unwrap();
    let thief = Claim { token: Token(1), node: NodeId(1), over: None };
    let Acquired::Refused(lease) = lab.server.acquire(&lab.key, &thief, OffsetDateTime::now_utc()).await.unwrap()
    else {
        panic!("it is held");
    };
    let thief = Claim { over: Some(lease), ..thief };
    let taken = lab.server.acquire(&lab.key, &thief, OffsetDateTime::now_utc()).await.unwrap();
    assert!(matches!(taken, Acquired::Held(_)));
    assert!(matches!(transaction.commit(set("count", json!(9))).await, Err(Refusal::Lost)));
    assert_eq!(lab.count().await, 0);
}

#[tokio::test(start_paused = true)]
async fn what_another_writes_by_key_is_seen_by_the_next_event() {
    let lab = Lab::new().await;
    let node = lab.node();
    for round in 0..20_u64 {
        // by an unfenced writer, while events of this node are under way
        let load = tokio::spawn({
            let (node, key) = (Arc::clone(&node), lab.key);
            async move { increments(&node, key, 5, Duration::from_millis(1)).await }
        });
        sleep(Duration::from_millis(round % 7)).await;
        let plain = set("authenticated", json!(round));
        lab.server.patch(&lab.key, &plain, OffsetDateTime::now_utc()).await.unwrap();
        let after = node.enqueue(lab.key, Access::Write, 0).unwrap().granted().await.unwrap();
        assert_eq!(after.record().fields.get("authenticated"), Some(&json!(round)));
        drop(after);
        load.await.unwrap();
    }
    assert_eq!(lab.count().await, 100);
}

#[tokio::test(start_paused = true)]
async fn a_save_that_never_gets_an_answer_is_unknown() {
    let lab = Lab::new().await;
    let node = lab.node();
    let mut transaction = node.enqueue(lab.key, Access::Write, 0).unwrap().granted().await.unwrap();
    lab.server.loses.store(1, Ordering::Relaxed);
    assert!(matches!(transaction.commit(set("count", json!(1))).await, Err(Refusal::Unknown)));
    drop(transaction);
    let next = node.enqueue(lab.key, Access::Write, 0).unwrap().granted().await;
    assert!(matches!(next, Err(Refusal::Unavailable(_))));
    // when the store is back, nobody waits for a lease that this node has left behind
    lab.server.loses.store(0, Ordering::Relaxed);
    let begun = Instant::now();
    increments(&node, lab.key, 1, BRIEFLY).await.pop().unwrap().unwrap();
    assert!(begun.elapsed() < Duration::from_millis(100), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn what_was_retired_refuses_all_others() {
    let lab = Lab::new().await;
    let (one, two) = (lab.node(), lab.node());
    let mut rotation = one.enqueue(lab.key, Access::Write, 0).unwrap().granted().await.unwrap();
    let here = one.enqueue(lab.key, Access::Write, 0).unwrap();
    let there = two.enqueue(lab.key, Access::Write, 0).unwrap();
    rotation.retire(rotation.record().latest, OffsetDateTime::now_utc() + time::Duration::minutes(1)).await.unwrap();
    drop(rotation);
    assert!(matches!(here.granted().await, Err(Refusal::Gone)));
    assert!(matches!(there.granted().await, Err(Refusal::Gone)));
    let seen = Store::load(&lab.server, &lab.key, OffsetDateTime::now_utc()).await.unwrap();
    assert_eq!(seen, Loaded::Rotated);
    assert_eq!((one.at_work(), two.at_work()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn what_was_rolled_back_is_not_in_the_next_save_though_its_caller_went_away() {
    let lab = Lab::new().await;
    let node = lab.node();
    let first = node.enqueue(lab.key, Access::Write, 0).unwrap();
    let (second, third) =
        (node.enqueue(lab.key, Access::Write, 0).unwrap(), node.enqueue(lab.key, Access::Write, 0).unwrap());
    drop(first);
    // in one batch: the first is saved while the second runs, and that save comes to nothing
    let mut second = second.granted().await.unwrap();
    let saving = tokio::spawn(async move { second.commit(set("count", json!(7))).await.map(|()| second) });
    let mut third = third.granted().await.unwrap();
    let lease = Claim { token: Token(1), node: NodeId(1), over: None };
    if let Acquired::Refused(held) =
        Store::acquire(&lab.server.records, &lab.key, &lease, OffsetDateTime::now_utc()).await.unwrap()
    {
        let thief = Claim { over: Some(held), ..lease };
        Store::acquire(&lab.server.records, &lab.key, &thief, OffsetDateTime::now_utc()).await.unwrap();
    }
    sleep(Duration::from_millis(20)).await;
    let refused = {
        let commit = third.commit(set("count", json!(8)));
        tokio::time::timeout(Duration::from_millis(1), commit).await
    };
    drop(refused);
    drop(third);
    assert!(matches!(saving.await.unwrap(), Err(Refusal::Lost)));
    Store::release(&lab.server.records, &lab.key, Token(1)).await.unwrap();
    for expected in 1..=3 {
        assert_eq!(increments(&node, lab.key, 1, BRIEFLY).await.pop().unwrap().unwrap(), expected);
    }
    assert_eq!(lab.count().await, 3);
}

#[tokio::test(start_paused = true)]
async fn a_claim_of_an_event_that_got_no_answer_keeps_no_other_node_waiting() {
    let lab = Lab::new().await;
    let (first, second) = (lab.node(), lab.node());
    // the third answer is lost on its way back
    lab.server.count.store(2, Ordering::Relaxed);
    lab.server.loses.store(3, Ordering::Relaxed);
    let (ticket, attended) = first.enqueue_event(lab.key, Access::Write, 0).unwrap();
    assert!(matches!(ticket.granted_attending(attended).await, Err(Refusal::Unavailable(_))));
    lab.server.loses.store(0, Ordering::Relaxed);
    let begun = Instant::now();
    drop(second.enqueue(lab.key, Access::Write, 0).unwrap().granted().await.unwrap());
    assert!(begun.elapsed() < Duration::from_millis(500), "{:?}", begun.elapsed());
}
