//! Whose session it is: `sessions.user(&id)`, and who is put out when a user has too many.

mod membership;

use std::{fmt, sync::Arc};

use futures_util::{StreamExt as _, stream};
use serde::Serialize;
use time::OffsetDateTime;

pub(crate) use self::membership::{Change, Since, Users};

use crate::{
    about::About,
    connection::Close,
    core::Core,
    error::{SessionError, Unserializable},
    payload::Payload,
    reached::Reached,
    record::{Record, SessionKey, UserKey},
    requests::RequestScope,
    session::Session,
    store::{Ending, Loaded, StoreError},
};

/// How many sessions of a user are looked at, or ended, at once.
const AT_ONCE: usize = 16;

/// All sessions of one user: those whose field under `#[session(user)]` has that value.
///
/// Made by `Sessions::user`. It is found by an index in the store; what it finds is looked at before it counts.
///
/// ```
/// # use socket_session::{SessionError, Sessions, Session, socket_session};
/// #[socket_session]
/// struct Account {
///     #[session(user)]
///     user: Option<u64>,
/// }
///
/// async fn change_password(sessions: &Sessions, session: &Session<Account>, user: u64) -> Result<(), SessionError> {
///     // all others are logged out, and so is a login that has begun with the old password
///     sessions.user(&user).destroy_others(session).await?;
///     Ok(())
/// }
/// ```
#[derive(Clone)]
pub struct User {
    core: Arc<Core>,
    /// `None` is nobody.
    key: Result<Option<UserKey>, Unserializable>,
}

/// One session of a user.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Listed {
    /// The hash of its id, to name it by.
    pub key: SessionKey,
    /// Since when it exists: since its user logged in with `rotate_with`.
    pub created: Option<OffsetDateTime>,
    /// When it was last used, as far as its deadline tells; `None` if its deadline does not move.
    pub last_seen: Option<OffsetDateTime>,
    /// When it ends, if it is not used.
    pub deadline: OffsetDateTime,
    /// How many sockets it has on this node.
    pub sockets: usize,
}

impl User {
    pub(crate) fn new<T: Serialize + ?Sized>(core: &Arc<Core>, id: &T) -> Self {
        core.listen();
        let key = serde_json::to_value(id).map(|value| UserKey::of(&value)).map_err(|_| Unserializable::reply::<T>());
        Self { core: Arc::clone(core), key }
    }

    /// Sends an event to all sockets of this user, in all namespaces of `sessions.namespace()`, on all nodes.
    ///
    /// # Errors
    /// `Unserializable` if `data` or the user's id cannot be written, `NotReached` if a node could not be told; and what
    /// the store has to say.
    pub async fn emit<T: Serialize + Sync + ?Sized>(
        &self,
        event: impl AsRef<str> + Send,
        data: &T,
    ) -> Result<(), SessionError> {
        let data = Payload::new(data)?;
        let mut reached = Ok(());
        for (key, _) in self.sessions().await? {
            let sent = self.core.io.emit(&key.room(), event.as_ref(), &data).await;
            reached = reached.and(sent);
        }
        reached
    }

    /// Ends the connections of this user, on all nodes, and leaves the sessions as they are.
    ///
    /// # Errors
    /// `Unserializable`, and what the store has to say.
    pub async fn disconnect(&self, close: Close) -> Result<Reached, SessionError> {
        let mut reached = Reached::NOBODY;
        for (key, _) in self.sessions().await? {
            reached += self.core.disconnect(key, close, None).await;
        }
        Ok(reached)
    }

    /// Ends all sessions of this user, as [`Session::destroy`] does one; and a login as this user that has begun before
    /// this is refused with `Gone`, wherever it is made.
    ///
    /// When a login has begun is when its request came in, or its event. In the same request, one that comes after this
    /// is none of those.
    ///
    /// # Errors
    /// `Unserializable`, and what the store has to say: then some may live on.
    pub async fn destroy_all(&self) -> Result<Reached, SessionError> {
        self.destroy_but(None).await
    }

    /// [`destroy_all`](Self::destroy_all), but for that one.
    ///
    /// # Errors
    /// Those of [`destroy_all`](Self::destroy_all).
    pub async fn destroy_others<V>(&self, spared: &Session<V>) -> Result<Reached, SessionError> {
        self.destroy_but(spared.id().map(|id| id.key())).await
    }

    async fn destroy_but(&self, spared: Option<SessionKey>) -> Result<Reached, SessionError> {
        let Some(user) = self.key? else {
            return Ok(Reached::NOBODY);
        };
        let scope = RequestScope::current();
        let (core, giving_up) = (Arc::clone(&self.core), scope.as_ref().and_then(|scope| scope.gives_up()));
        // in a task of its own: what was begun is not left in the middle
        let ending = tokio::spawn(async move {
            // first the mark, then the list: who is in neither comes later
            core.bounded(core.engine.store().end_user(&user)).await?;
            let members = core.bounded(core.engine.store().members(&user)).await?;
            let keys = members.into_iter().map(|member| member.key);
            let keys: Vec<_> = keys.filter(|key| Some(*key) != spared && Some(*key) != giving_up).collect();
            let ended: Vec<_> = stream::iter(keys.clone())
                .map(|key| core.destroy_of(key, user, Ending::Destroyed))
                .buffer_unordered(AT_ONCE)
                .collect()
                .await;
            let mut reached = Reached::NOBODY;
            for ended in ended {
                reached += ended?;
            }
            core.bounded(core.engine.store().leave(&user, &keys)).await?;
            Ok(reached)
        });
        let ended = ending.await.unwrap_or(Err(SessionError::Unknown));
        if let Some(scope) = scope {
            scope.begins_again();
        }
        ended
    }

    /// The sessions of this user that live, those that were used last first.
    ///
    /// # Errors
    /// `Unserializable`, and what the store has to say.
    pub async fn list(&self) -> Result<Vec<Listed>, SessionError> {
        let mut list: Vec<_> =
            self.sessions().await?.into_iter().map(|(key, record)| self.listed(key, &record)).collect();
        list.sort_by_key(|listed| std::cmp::Reverse(listed.last_seen.unwrap_or(listed.deadline)));
        Ok(list)
    }

    fn listed(&self, key: SessionKey, record: &Record) -> Listed {
        let about = About::of(&record.fields);
        let lifetime = about.lifetime().or_else(|| self.core.lifetime()).and_then(|slides| slides.try_into().ok());
        Listed {
            key,
            created: about.created(),
            last_seen: lifetime.and_then(|lifetime: time::Duration| record.deadline.checked_sub(lifetime)),
            deadline: record.deadline,
            sockets: self.core.connections.sockets(&key),
        }
    }

    async fn sessions(&self) -> Result<Vec<(SessionKey, Record)>, SessionError> {
        let Some(user) = self.key? else {
            return Ok(Vec::new());
        };
        let members = self.core.bounded(self.core.engine.store().members(&user)).await.map_err(as_read)?;
        let looked: Vec<_> = stream::iter(members)
            .map(|member| async move { (member.key, self.core.load(&member.key).await) })
            .buffered(AT_ONCE)
            .collect()
            .await;
        let mut sessions = Vec::with_capacity(looked.len());
        for (key, record) in looked {
            if let Some(record) = record?.filter(|record| self.core.users.is_of(&record.fields, user)) {
                sessions.push((key, record));
            }
        }
        Ok(sessions)
    }
}

/// A read that got no answer has changed nothing.
fn as_read(error: StoreError) -> StoreError {
    match error {
        StoreError::Unanswered(error) => StoreError::Unavailable(error),
        error => error,
    }
}

impl Core {
    /// Ends a session that the index says is that user's; it may be about to become it. If it has become another's, it is
    /// left alone.
    async fn destroy_of(&self, key: SessionKey, user: UserKey, how: Ending) -> Result<Reached, SessionError> {
        match self.look(&key).await? {
            Loaded::Live(record) if self.users.is_anothers(&record.fields, user) => Ok(Reached::NOBODY),
            Loaded::Live(_) => match self.destroy(key, None, how).await {
                Ok((_, reached)) => Ok(reached),
                // it has just got another id, under which it is in the list, or was refused
                Err(SessionError::Gone) => Ok(Reached::NOBODY),
                Err(error) => Err(error),
            },
            Loaded::Gone | Loaded::Rotated => Ok(Reached::NOBODY),
        }
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User").field("key", &self.key).finish_non_exhaustive()
    }
}
