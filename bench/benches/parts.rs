//! The parts of an event, each by itself: load, diff, patch, queue. The session has four keys, of which the view has two.

#![expect(clippy::expect_used, reason = "what cannot be set up cannot be measured")]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use socket_session::{
    __private::{Slot, Write},
    MemoryStore, Session, Sessions, socket_session,
    store::{Fields, Patch, Record, Store as _},
    tower_sessions::session::Id,
};
use socketioxide::SocketIo;
use time::{Duration, OffsetDateTime};
use tokio::runtime::Runtime;

#[socket_session]
struct Visit {
    authenticated: bool,
    count: u32,
}

fn fields() -> Fields {
    let fields =
        [("authenticated", true.into()), ("count", 41.into()), ("name", "Ada".into()), ("theme", "dark".into())];
    fields.into_iter().map(|(key, value)| (key.into(), value)).collect()
}

fn record() -> Record {
    Record {
        fields: fields(),
        deadline: OffsetDateTime::now_utc() + Duration::hours(1),
        unconfirmed: false,
        latest: None,
    }
}

fn patch() -> Patch {
    Patch { set: vec![("count".into(), 42.into())], ..Patch::new() }
}

fn parts(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let store = MemoryStore::default();
    let id = socket_session::Id::from(Id::default());
    runtime.block_on(store.create(&id.key(), record(), OffsetDateTime::now_utc())).expect("memory");
    let (_layer, io) = SocketIo::new_layer();
    let sessions = Sessions::builder(store.clone()).build(&io);
    let session: Session<Visit> = sessions.session(id);

    let fields = fields();
    criterion.bench_function("load: a view out of a record", |bencher| {
        bencher.iter(|| Write::<Visit>::load(Some(black_box(&fields))));
    });
    criterion.bench_function("diff: what has changed in a view", |bencher| {
        let loaded = || Write::<Visit>::load(Some(&fields)).expect("it fits");
        bencher.iter_batched(loaded, |view| view.changes(Patch::new()), BatchSize::SmallInput);
    });
    criterion.bench_function("patch: one key, in memory", |bencher| {
        let key = id.key();
        bencher.to_async(&runtime).iter(|| async { store.patch(&key, &patch(), OffsetDateTime::now_utc()).await });
    });
    criterion.bench_function("queue: a turn that changes nothing", |bencher| {
        bencher.to_async(&runtime).iter(|| session.update(|visit| black_box(visit.count)));
    });
    criterion.bench_function("all of it: a turn that counts", |bencher| {
        bencher.to_async(&runtime).iter(|| session.update(|visit| visit.count += 1));
    });
}

criterion_group!(benches, parts);
criterion_main!(benches);
