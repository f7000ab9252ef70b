//! Which sessions a user has, and when all of them were ended. A store may do without.

use std::{error::Error as _, sync::Arc, time::Duration};

use tokio::time::{Instant, sleep};

use super::{
    concurrency::all,
    erased::Erased,
    probe::{Miss, Outcome, Probe, failed, ok, random, same},
};
use crate::{
    record::{SessionKey, UserKey},
    store::{Member, NO_USERS, StoreError},
};

/// For how long the checks wait, so that something is older than something else.
const PAUSE: Duration = Duration::from_millis(100);
/// By how much an age may be wrong.
const SLACK: Duration = Duration::from_millis(40);

const ABSENT: &str = "the store does not know which sessions a user has: there are no `#[session(user)]`s";

/// A user of the store under test, as a node sees it.
#[derive(Clone)]
struct User {
    store: Arc<Erased>,
    other: Arc<Erased>,
    key: UserKey,
}

/// When something was done, by the clock of the check.
#[derive(Clone, Copy)]
struct Moment {
    begun: Instant,
    done: Instant,
}

impl Moment {
    async fn of<T>(doing: impl Future<Output = Outcome<T>>) -> Outcome<Self> {
        let begun = Instant::now();
        doing.await?;
        Ok(Self { begun, done: Instant::now() })
    }

    /// The check goes on if this is the age that it had in that moment.
    fn has_age(self, age: Duration, asked: Self, what: &str) -> Outcome {
        let least = asked.begun.duration_since(self.done).saturating_sub(SLACK);
        let most = asked.done.duration_since(self.begun) + SLACK;
        if (least..=most).contains(&age) {
            return Ok(());
        }
        failed(format!("{what}: expected an age from {least:?} to {most:?}, found {age:?}"))
    }
}

fn knows_no_users<T>(result: &Result<T, StoreError>) -> bool {
    let error = result.as_ref().err();
    error.and_then(|error| error.source()).is_some_and(|source| source.to_string() == NO_USERS)
}

/// A user whom nobody knows.
async fn stranger(probe: &Probe) -> Outcome<User> {
    let [store, other] = probe.stores().clone();
    let mut key = [0; 32];
    for (bytes, number) in key.chunks_mut(16).zip([random(), random()]) {
        bytes.copy_from_slice(&number.to_be_bytes());
    }
    let key = UserKey::from(key);
    // a store that has the half of it is asked on, and fails
    if knows_no_users(&store.members(&key).await) && knows_no_users(&store.user_ended(&key).await) {
        return Err(Miss::Absent(ABSENT));
    }
    Ok(User { store, other, key })
}

impl User {
    fn elsewhere(&self) -> Self {
        let Self { store, other, key } = self.clone();
        Self { store: other, other: store, key }
    }

    async fn join(&self, session: SessionKey) -> Outcome {
        ok("join", self.store.join(&self.key, &session).await)
    }

    async fn leave(&self, sessions: &[SessionKey]) -> Outcome {
        ok("leave", self.store.leave(&self.key, sessions).await)
    }

    async fn end(&self) -> Outcome {
        ok("end_user", self.store.end_user(&self.key).await)
    }

    async fn members(&self) -> Outcome<Vec<Member>> {
        ok("members", self.store.members(&self.key).await)
    }

    async fn ended(&self) -> Outcome<Option<Duration>> {
        ok("user_ended", self.store.user_ended(&self.key).await)
    }

    /// The check goes on if these are listed on both nodes, each once, and no others.
    async fn has(&self, sessions: &[SessionKey], what: &str) -> Outcome {
        let mut expected = sessions.to_vec();
        expected.sort();
        for (user, node) in [(self, "on this node"), (&self.elsewhere(), "on another node")] {
            let mut found: Vec<_> = user.members().await?.into_iter().map(|member| member.key).collect();
            found.sort();
            if found != expected {
                let (listed, expected) = (found.len(), expected.len());
                let right = found.iter().filter(|session| sessions.contains(session)).count();
                return failed(format!(
                    "{what}, {node}: expected {expected} sessions, each once, found {listed}, of which {right} are of these"
                ));
            }
        }
        Ok(())
    }

    /// The check goes on if this session has joined then.
    async fn has_since(&self, session: SessionKey, joined: Moment, what: &str) -> Outcome {
        let begun = Instant::now();
        let members = self.members().await?;
        let asked = Moment { begun, done: Instant::now() };
        match members.iter().find(|member| member.key == session) {
            Some(member) => joined.has_age(member.age, asked, what),
            None => failed(format!("{what}: the session is not listed")),
        }
    }

    /// The check goes on if its sessions were last ended then.
    async fn ended_at(&self, ended: Moment, what: &str) -> Outcome<Duration> {
        let begun = Instant::now();
        let found = self.ended().await?;
        let asked = Moment { begun, done: Instant::now() };
        let Some(age) = found else { return failed(format!("{what}: expected an end, found none")) };
        ended.has_age(age, asked, what)?;
        Ok(age)
    }
}

fn some_sessions<const N: usize>(probe: &Probe) -> [SessionKey; N] {
    std::array::from_fn(|_| probe.nobody().key)
}

pub(super) async fn joined_is_listed(probe: Probe) -> Outcome {
    let user = stranger(&probe).await?;
    user.has(&[], "a user whom nobody knows").await?;
    let [first, second] = some_sessions(&probe);
    user.join(first).await?;
    user.has(&[first], "after a session without a record has joined").await?;
    user.elsewhere().join(second).await?;
    user.has(&[first, second], "after another has joined, by another node").await
}

pub(super) async fn joining_again_changes_nothing(probe: Probe) -> Outcome {
    let user = stranger(&probe).await?;
    let [session] = some_sessions(&probe);
    let joined = Moment::of(user.join(session)).await?;
    sleep(PAUSE).await;
    user.join(session).await?;
    user.elsewhere().join(session).await?;
    user.has(&[session], "after a session has joined three times").await?;
    user.has_since(session, joined, "the age after a session has joined again").await
}

pub(super) async fn ages_grow(probe: Probe) -> Outcome {
    let user = stranger(&probe).await?;
    let [first, second] = some_sessions(&probe);
    let first_joined = Moment::of(user.join(first)).await?;
    sleep(PAUSE).await;
    let second_joined = Moment::of(user.elsewhere().join(second)).await?;
    for what in ["the age of a session of a user", "the age some time later"] {
        for user in [&user, &user.elsewhere()] {
            user.has_since(first, first_joined, what).await?;
            user.has_since(second, second_joined, what).await?;
        }
        sleep(PAUSE).await;
    }
    Ok(())
}

pub(super) async fn leave_takes_out_these_only(probe: Probe) -> Outcome {
    let user = stranger(&probe).await?;
    let sessions @ [first, second, third, fourth] = some_sessions(&probe);
    user.leave(&[first]).await?;
    for session in sessions {
        user.join(session).await?;
    }
    user.leave(&[]).await?;
    user.has(&sessions, "after none of four have left").await?;
    let [other] = some_sessions(&probe);
    user.elsewhere().leave(&[first, other, third]).await?;
    user.has(&[second, fourth], "after two of four have left").await?;
    sleep(PAUSE).await;
    let joined = Moment::of(user.join(first)).await?;
    user.has(&[first, second, fourth], "after one that had left has joined").await?;
    user.has_since(first, joined, "the age of a session that had left, and has joined").await
}

pub(super) async fn users_are_kept_apart(probe: Probe) -> Outcome {
    let (user, other) = (stranger(&probe).await?, stranger(&probe).await?);
    let [shared, own] = some_sessions(&probe);
    for session in [shared, own] {
        user.join(session).await?;
    }
    other.has(&[], "a user whom no session has joined").await?;
    other.join(shared).await?;
    other.has(&[shared], "after a session has joined that is another user's, too").await?;
    other.leave(&[shared, own]).await?;
    user.has(&[shared, own], "after these have left another user").await
}

pub(super) async fn concurrent_joins_are_all_kept(probe: Probe) -> Outcome {
    let user = stranger(&probe).await?;
    let sessions: [SessionKey; 20] = some_sessions(&probe);
    let joined = all(sessions.into_iter().enumerate().map(|(number, session)| {
        let user = if number % 2 == 0 { user.clone() } else { user.elsewhere() };
        async move { user.join(session).await }
    }));
    joined.await?;
    user.has(&sessions, "after 20 sessions have joined at once").await
}

pub(super) async fn many_sessions_of_a_user_are_listed(probe: Probe) -> Outcome {
    let user = stranger(&probe).await?;
    let sessions: [SessionKey; 200] = some_sessions(&probe);
    for some in sessions.chunks(20) {
        let joining = some.iter().map(|session| {
            let (user, session) = (user.clone(), *session);
            async move { user.join(session).await }
        });
        all(joining).await?;
    }
    user.has(&sessions, "after 200 sessions have joined").await?;
    user.leave(&sessions).await?;
    user.has(&[], "after 200 sessions have left").await
}

pub(super) async fn end_of_a_user_is_known(probe: Probe) -> Outcome {
    let user = stranger(&probe).await?;
    same(user.ended().await?, None, "the end of a user's sessions before there was one")?;
    same(user.elsewhere().ended().await?, None, "the end of a user's sessions before there was one, on another node")?;
    let mut ended = Moment::of(user.end()).await?;
    for what in ["the end of a user's sessions", "the last of two ends"] {
        let mut latest = Duration::ZERO;
        for user in [&user, &user.elsewhere(), &user, &user.elsewhere()] {
            let age = user.ended_at(ended, what).await?;
            if age < latest {
                return failed(format!("{what}: expected its age to grow from {latest:?}, found {age:?}"));
            }
            latest = age;
            sleep(PAUSE / 2).await;
        }
        ended = Moment::of(user.elsewhere().end()).await?;
    }
    Ok(())
}

pub(super) async fn end_is_of_one_user(probe: Probe) -> Outcome {
    let (user, other) = (stranger(&probe).await?, stranger(&probe).await?);
    user.end().await?;
    same(other.ended().await?, None, "the end of a user's sessions after another's were ended")
}

pub(super) async fn end_takes_nobody_out(probe: Probe) -> Outcome {
    let user = stranger(&probe).await?;
    let [session] = some_sessions(&probe);
    user.join(session).await?;
    user.end().await?;
    user.has(&[session], "after all sessions of a user were ended, and before they have left").await
}
