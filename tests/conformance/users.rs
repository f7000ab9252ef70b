//! Stores that get the sessions of users wrong.

use std::{collections::HashMap, sync::Mutex, time::Duration};

use socket_session::{
    MemoryStore,
    store::{Member, SessionKey, Store, StoreError, UserKey},
};
use tokio::{task::yield_now, time::Instant};

use super::broken::{Result, Sabotage};

/// Does without, as a store may.
#[derive(Default)]
pub(crate) struct KnowsNoUsers;

impl KnowsNoUsers {
    /// What the trait says of itself.
    fn nothing<T>() -> Result<T> {
        Err(StoreError::unavailable("this store does not know which sessions a user has"))
    }
}

impl Sabotage for KnowsNoUsers {
    async fn join(&self, _: &MemoryStore, _: &UserKey, _: &SessionKey) -> Result<()> {
        Self::nothing()
    }

    async fn leave(&self, _: &MemoryStore, _: &UserKey, _: &[SessionKey]) -> Result<()> {
        Self::nothing()
    }

    async fn members(&self, _: &MemoryStore, _: &UserKey) -> Result<Vec<Member>> {
        Self::nothing()
    }

    async fn end_user(&self, _: &MemoryStore, _: &UserKey) -> Result<()> {
        Self::nothing()
    }

    async fn user_ended(&self, _: &MemoryStore, _: &UserKey) -> Result<Option<Duration>> {
        Self::nothing()
    }
}

/// Knows who joined, and of no end.
#[derive(Default)]
pub(crate) struct KnowsNoEnds;

impl Sabotage for KnowsNoEnds {
    async fn end_user(&self, _: &MemoryStore, _: &UserKey) -> Result<()> {
        KnowsNoUsers::nothing()
    }

    async fn user_ended(&self, _: &MemoryStore, _: &UserKey) -> Result<Option<Duration>> {
        KnowsNoUsers::nothing()
    }
}

/// A list, to which each join adds.
#[derive(Default)]
pub(crate) struct ListsTwice(Mutex<Vec<(UserKey, SessionKey)>>);

impl Sabotage for ListsTwice {
    async fn join(&self, memory: &MemoryStore, user: &UserKey, key: &SessionKey) -> Result<()> {
        self.0.lock().unwrap().push((*user, *key));
        memory.join(user, key).await
    }

    async fn members(&self, memory: &MemoryStore, user: &UserKey) -> Result<Vec<Member>> {
        let members = memory.members(user).await?;
        let joined = self.0.lock().unwrap().clone();
        let times = |member: &Member| joined.iter().filter(|join| **join == (*user, member.key)).count();
        Ok(members.iter().flat_map(|member| std::iter::repeat_n(*member, times(member))).collect())
    }

    async fn leave(&self, memory: &MemoryStore, user: &UserKey, keys: &[SessionKey]) -> Result<()> {
        self.0.lock().unwrap().retain(|(of, key)| of != user || !keys.contains(key));
        memory.leave(user, keys).await
    }
}

/// Who joins again is new.
#[derive(Default)]
pub(crate) struct JoinsAnew;

impl Sabotage for JoinsAnew {
    async fn join(&self, memory: &MemoryStore, user: &UserKey, key: &SessionKey) -> Result<()> {
        memory.leave(user, &[*key]).await?;
        memory.join(user, key).await
    }
}

/// A session has one user.
#[derive(Default)]
pub(crate) struct HasOneUser(Mutex<HashMap<SessionKey, UserKey>>);

impl Sabotage for HasOneUser {
    async fn join(&self, memory: &MemoryStore, user: &UserKey, key: &SessionKey) -> Result<()> {
        let before = self.0.lock().unwrap().insert(*key, *user);
        if let Some(before) = before.filter(|before| before != user) {
            memory.leave(&before, &[*key]).await?;
        }
        memory.join(user, key).await
    }
}

/// Whoever leaves, all leave.
#[derive(Default)]
pub(crate) struct LeavesTogether;

impl Sabotage for LeavesTogether {
    async fn leave(&self, memory: &MemoryStore, user: &UserKey, keys: &[SessionKey]) -> Result<()> {
        let all: Vec<_> = memory.members(user).await?.iter().map(|member| member.key).collect();
        memory.leave(user, if keys.is_empty() { keys } else { &all }).await
    }
}

/// The first of those who leave does.
#[derive(Default)]
pub(crate) struct LeavesOneByOne;

impl Sabotage for LeavesOneByOne {
    async fn leave(&self, memory: &MemoryStore, user: &UserKey, keys: &[SessionKey]) -> Result<()> {
        memory.leave(user, keys.get(..1).unwrap_or_default()).await
    }
}

/// Lists what fits onto a page.
#[derive(Default)]
pub(crate) struct ListsAPage;

impl Sabotage for ListsAPage {
    async fn members(&self, memory: &MemoryStore, user: &UserKey) -> Result<Vec<Member>> {
        let mut members = memory.members(user).await?;
        members.truncate(100);
        Ok(members)
    }
}

/// Lists nobody.
#[derive(Default)]
pub(crate) struct ListsNobody;

impl Sabotage for ListsNobody {
    async fn members(&self, _: &MemoryStore, _: &UserKey) -> Result<Vec<Member>> {
        Ok(Vec::new())
    }
}

/// Lists only sessions of which there is a record.
#[derive(Default)]
pub(crate) struct WantsRecords;

impl Sabotage for WantsRecords {
    async fn join(&self, memory: &MemoryStore, user: &UserKey, key: &SessionKey) -> Result<()> {
        let now = time::OffsetDateTime::now_utc();
        if memory.exists(&[*key], now).await? == [true] {
            memory.join(user, key).await?;
        }
        Ok(())
    }
}

/// Reads the list, adds to it, and writes it whole.
#[derive(Default)]
pub(crate) struct WritesTheWholeList(Mutex<HashMap<UserKey, Vec<(SessionKey, Instant)>>>);

impl WritesTheWholeList {
    fn list(&self, user: &UserKey) -> Vec<(SessionKey, Instant)> {
        self.0.lock().unwrap().get(user).cloned().unwrap_or_default()
    }
}

impl Sabotage for WritesTheWholeList {
    async fn join(&self, _: &MemoryStore, user: &UserKey, key: &SessionKey) -> Result<()> {
        let mut list = self.list(user);
        yield_now().await;
        if list.iter().all(|(member, _)| member != key) {
            list.push((*key, Instant::now()));
        }
        self.0.lock().unwrap().insert(*user, list);
        Ok(())
    }

    async fn leave(&self, _: &MemoryStore, user: &UserKey, keys: &[SessionKey]) -> Result<()> {
        let mut list = self.list(user);
        list.retain(|(member, _)| !keys.contains(member));
        self.0.lock().unwrap().insert(*user, list);
        Ok(())
    }

    async fn members(&self, _: &MemoryStore, user: &UserKey) -> Result<Vec<Member>> {
        Ok(self.list(user).iter().map(|(key, joined)| Member { key: *key, age: joined.elapsed() }).collect())
    }
}

/// Ages in another unit than they should be.
#[derive(Default)]
pub(crate) struct MistakesTheUnit;

impl Sabotage for MistakesTheUnit {
    async fn members(&self, memory: &MemoryStore, user: &UserKey) -> Result<Vec<Member>> {
        let mut members = memory.members(user).await?;
        for member in &mut members {
            member.age /= 1000;
        }
        Ok(members)
    }

    async fn user_ended(&self, memory: &MemoryStore, user: &UserKey) -> Result<Option<Duration>> {
        Ok(memory.user_ended(user).await?.map(|age| age * 1000))
    }
}

/// An age stays what it was when it was first asked for.
#[derive(Default)]
pub(crate) struct RemembersAges(Mutex<HashMap<SessionKey, Duration>>);

impl Sabotage for RemembersAges {
    async fn members(&self, memory: &MemoryStore, user: &UserKey) -> Result<Vec<Member>> {
        let mut members = memory.members(user).await?;
        let mut ages = self.0.lock().unwrap();
        for member in &mut members {
            member.age = *ages.entry(member.key).or_insert(member.age);
        }
        Ok(members)
    }
}

/// Knows no end.
#[derive(Default)]
pub(crate) struct ForgetsEnds;

impl Sabotage for ForgetsEnds {
    async fn user_ended(&self, _: &MemoryStore, _: &UserKey) -> Result<Option<Duration>> {
        Ok(None)
    }
}

/// Knows of each user's first end.
#[derive(Default)]
pub(crate) struct EndsOnce;

impl Sabotage for EndsOnce {
    async fn end_user(&self, memory: &MemoryStore, user: &UserKey) -> Result<()> {
        match memory.user_ended(user).await? {
            Some(_) => Ok(()),
            None => memory.end_user(user).await,
        }
    }
}

/// There is one end, for everybody.
#[derive(Default)]
pub(crate) struct EndsEverybody(Mutex<Option<Instant>>);

impl Sabotage for EndsEverybody {
    async fn end_user(&self, _: &MemoryStore, _: &UserKey) -> Result<()> {
        *self.0.lock().unwrap() = Some(Instant::now());
        Ok(())
    }

    async fn user_ended(&self, _: &MemoryStore, _: &UserKey) -> Result<Option<Duration>> {
        Ok(self.0.lock().unwrap().map(|ended| ended.elapsed()))
    }
}

/// Whose sessions are ended has none: then nobody finds their records.
#[derive(Default)]
pub(crate) struct EndsTakeOut;

impl Sabotage for EndsTakeOut {
    async fn end_user(&self, memory: &MemoryStore, user: &UserKey) -> Result<()> {
        let all: Vec<_> = memory.members(user).await?.iter().map(|member| member.key).collect();
        memory.leave(user, &all).await?;
        memory.end_user(user).await
    }
}
