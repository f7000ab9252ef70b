//! Many at once: each operation is atomic.

use serde_json::{Map, Value, json};
use tokio::task::JoinSet;

use super::probe::{Outcome, Probe, applied, failed, retirement, same, set};
use crate::{
    record::Deadline,
    store::{Created, Loaded, Patched, Retirement},
};

/// What each of them came to. The first that failed ends the others.
pub(super) async fn all<T: Send + 'static>(
    tasks: impl IntoIterator<Item = impl Future<Output = Outcome<T>> + Send + 'static>,
) -> Outcome<Vec<T>> {
    let mut running = JoinSet::new();
    for task in tasks {
        running.spawn(task);
    }
    let mut done = Vec::new();
    while let Some(ended) = running.join_next().await {
        match ended {
            Ok(outcome) => done.push(outcome?),
            Err(panic) => return failed(format!("the store panicked: {panic}")),
        }
    }
    Ok(done)
}

pub(super) async fn create_is_exclusive(probe: Probe) -> Outcome {
    let session = probe.nobody();
    let created = all((0..20).map(|number| {
        let session = if number % 2 == 0 { session.clone() } else { session.elsewhere() };
        async move { Ok((session.create(session.record(300, json!({ "by": number }))).await?, number)) }
    }));
    let created = created.await?;
    let done: Vec<_> =
        created.iter().filter(|(created, _)| *created == Created::Done).map(|(_, number)| number).collect();
    let [winner] = done[..] else {
        return failed(format!("20 who create at once under one key: expected 1 Done, found {}", done.len()));
    };
    session.has(json!({ "by": winner }), "after 20 have created at once: the one that was told Done").await
}

pub(super) async fn concurrent_patches_are_all_kept(probe: Probe) -> Outcome {
    const ROUNDS: usize = 5;
    let session = probe.session(json!({ "untouched": 1 })).await?;
    let patched = all((0..20).map(|writer| {
        let session = if writer % 2 == 0 { session.clone() } else { session.elsewhere() };
        async move {
            for round in 1..=ROUNDS {
                let fields = [(format!("writer {writer}"), json!(round))].into_iter().collect::<Map<_, _>>();
                applied(session.patch(&set(fields.into())).await?, "a patch among others")?;
                tokio::task::yield_now().await;
            }
            Ok(())
        }
    }));
    patched.await?;
    let expected = (0..20).map(|writer| (format!("writer {writer}"), json!(ROUNDS)));
    let expected: Map<_, _> = expected.chain([("untouched".to_owned(), json!(1))]).collect();
    session.has(expected.into(), "after 20 writers of 20 keys at once").await
}

pub(super) async fn patches_are_atomic(probe: Probe) -> Outcome {
    let keys: Vec<_> = (0..20).map(|number| format!("key {number}")).collect();
    let all_are = |value: usize| keys.iter().map(|key| (key.clone(), json!(value))).collect::<Map<_, _>>();
    let session = probe.session(all_are(0).into()).await?;
    let writes = {
        let session = session.clone();
        let patches: Vec<_> = (1..=50).map(|round| set(all_are(round).into())).collect();
        async move {
            for patch in &patches {
                applied(session.patch(patch).await?, "a patch of 20 keys")?;
                tokio::task::yield_now().await;
            }
            Ok(())
        }
    };
    let reads = (0..2).map(|_| {
        let session = session.elsewhere();
        async move {
            for _ in 0..50 {
                let record = session.live("while others write").await?;
                let mut values = record.fields.iter().map(|(_, value)| value);
                let first = values.next();
                if values.any(|value| Some(value) != first) {
                    return failed("a reader has seen some of a patch's keys set and others not");
                }
                tokio::task::yield_now().await;
            }
            Ok(())
        }
    });
    let reads: Vec<_> = reads.collect();
    let (written, read) = tokio::join!(all([writes]), all(reads));
    written.and(read)?;
    Ok(())
}

pub(super) async fn last_of_concurrent_patches_wins_whole(probe: Probe) -> Outcome {
    let session = probe.session(Value::Null).await?;
    for round in 0..10 {
        let patched = all((0..10).map(|writer| {
            let session = if writer % 2 == 0 { session.clone() } else { session.elsewhere() };
            async move {
                let by = format!("{round} by {writer}");
                applied(session.patch(&set(json!({ "first": by, "second": by }))).await?, "a patch among others")
            }
        }));
        patched.await?;
        let fields = session.live("after patches of the same keys").await?.fields;
        let ours = fields.get("first").and_then(Value::as_str).is_some_and(|by| by.starts_with(&format!("{round} ")));
        if !ours || fields.get("first") != fields.get("second") {
            return failed("after 10 patches of the same two keys at once: what is there is none of them");
        }
    }
    Ok(())
}

pub(super) async fn delete_wins_every_race(probe: Probe) -> Outcome {
    for delay in 0..20 {
        let session = probe.session(json!({ "count": 0 })).await?;
        let writers = (0..6).map(|writer| {
            let session = if writer % 2 == 0 { session.clone() } else { session.elsewhere() };
            async move {
                for round in 0..10 {
                    if writer < 4 {
                        session.patch(&set(json!({ "count": round, "by": writer }))).await?;
                    } else {
                        session.touch(Deadline::Extend(session.time(400))).await?;
                    }
                    tokio::task::yield_now().await;
                }
                Ok(())
            }
        });
        let end = {
            let session = session.clone();
            async move {
                for _ in 0..delay {
                    tokio::task::yield_now().await;
                }
                same(session.delete().await?, true, "a delete among patches and touches")?;
                same(session.load().await?, Loaded::Gone, "a load at once after a delete among patches and touches")
            }
        };
        let writers: Vec<_> = writers.collect();
        let (saved, ended) = tokio::join!(all(writers), all([end]));
        saved.and(ended)?;
        session.is_gone("after a delete among patches and touches").await?;
        same(session.patch(&set(json!({ "count": 1 }))).await?, Patched::Gone, "a patch after all that")?;
    }
    Ok(())
}

pub(super) async fn retire_loses_no_patch(probe: Probe) -> Outcome {
    for pause in 0..10 {
        let session = probe.session(Value::Null).await?;
        let writers = (0..4).map(|writer| {
            let session = if writer % 2 == 0 { session.clone() } else { session.elsewhere() };
            async move {
                let mut saved = 0;
                // until it is retired
                for round in 1..=5 {
                    let fields: Map<_, _> = [(format!("writer {writer}"), json!(round))].into_iter().collect();
                    if session.patch(&set(fields.into())).await? == Patched::Gone {
                        break;
                    }
                    saved = round;
                    tokio::task::yield_now().await;
                }
                Ok((writer, saved))
            }
        });
        let end = {
            let session = session.elsewhere();
            async move {
                // the writers write 20 times
                for _ in 0..50 {
                    let seen = session.live("before a retirement among patches").await?;
                    for _ in 0..pause {
                        tokio::task::yield_now().await;
                    }
                    let end = Retirement { seen: seen.latest, ..retirement(session.time(100)) };
                    match session.retire(&end).await? {
                        Patched::Changed => {}
                        retired => return applied(retired, "a retirement among patches").map(|()| seen.fields),
                    }
                }
                failed("a retirement of what was seen just before: it is always said to have changed")
            }
        };
        let writers: Vec<_> = writers.collect();
        let (saved, ended) = tokio::join!(all(writers), all([end]));
        let (saved, ended) = (saved?, ended?);
        for (writer, round) in saved {
            let seen = ended.iter().find_map(|seen| seen.get(&format!("writer {writer}")));
            let what = "what was seen of a patch before the retirement that was applied";
            same(seen.and_then(Value::as_u64).unwrap_or(0), round, what)?;
        }
    }
    Ok(())
}

pub(super) async fn concurrent_touch_undoes_no_patch(probe: Probe) -> Outcome {
    let session = probe.session(json!({ "count": 0 })).await?;
    for round in 1..=20 {
        let (here, there) = (session.clone(), session.elsewhere());
        let patched = all([async move { here.patch(&set(json!({ "count": round }))).await }]);
        let touched = all([async move { there.touch(Deadline::Extend(there.time(300 + round))).await }]);
        // each is the first to come in turn
        let (patched, touched) = if round % 2 == 0 {
            tokio::join!(patched, touched)
        } else {
            let (touched, patched) = tokio::join!(touched, patched);
            (patched, touched)
        };
        same(touched?, vec![true], "a touch at the same time as a patch")?;
        patched?.into_iter().try_for_each(|patched| applied(patched, "a patch at the same time as a touch"))?;
        session.has(json!({ "count": round }), "after a patch and a touch at once").await?;
        session.ends_at(300 + round, "after a patch and a touch at once").await?;
    }
    Ok(())
}
