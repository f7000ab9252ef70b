//! One transaction of a `Session<V>`: its turn, the change, the save; and where the request has no session, a new one.

use std::sync::Arc;

use super::{Session, Via};
use crate::{
    engine::{Refusal, Transaction},
    error::SessionError,
    record::{Deadline, Fields, Id, Patch, Record},
    requests::{RequestScope, Rotation},
    users::Since,
};

/// What a transaction came to: what to save and what to return, or an error of the caller's.
pub(crate) type Applied<R, E> = Result<Result<(Patch, R), E>, SessionError>;

/// How often a change is tried that another node has taken the session from.
const ATTEMPTS: usize = 3;

/// A turn, or the request's session has got another id while it waited.
enum Turn {
    Come(Transaction),
    Moved,
}

/// What became of an attempt.
enum Attempt<R, E> {
    Done(Result<R, E>),
    Moved,
}

impl<V> Session<V> {
    /// The cookie of a session that a handshake made has come back.
    fn confirm(&self, id: Id, scope: &RequestScope, record: &Record) {
        if record.unconfirmed {
            self.core.confirm(id.key(), scope.deadline());
        }
    }

    pub(crate) async fn fields(&self) -> Result<Fields, SessionError> {
        let Via::Request(scope) = &self.via else {
            let id = self.id().ok_or(SessionError::NoSession)?;
            let record = self.core.load(&id.key()).await?;
            return record.map(|record| record.fields).ok_or(SessionError::Gone);
        };
        let mut id = scope.id();
        if id.is_none() {
            // another part of this request may be about to give it another one
            let _one_at_a_time = scope.change().await;
            id = scope.id();
        }
        let Some(id) = id else {
            return Ok(scope.carried().unwrap_or_default());
        };
        let lived = scope.has_seen_it_live();
        match scope.look(&id.key()).await? {
            Some(record) => {
                self.confirm(id, scope, &record);
                Ok(record.fields)
            }
            None if lived => Err(SessionError::Gone),
            None => Ok(Fields::default()),
        }
    }

    /// Takes the session's turn, applies, and saves.
    pub(crate) async fn transact<R: Send, E>(
        &self,
        mut apply: impl FnMut(&Fields) -> Applied<R, E> + Send,
    ) -> Result<Result<R, E>, SessionError> {
        let scope = match &self.via {
            Via::Request(scope) => scope,
            Via::Bound(bound) => {
                return match self.change(bound.id, &mut apply).await? {
                    Attempt::Done(done) => Ok(done),
                    Attempt::Moved => Err(SessionError::Gone),
                };
            }
            Via::Nothing => return Err(SessionError::NoSession),
        };
        loop {
            let before = scope.id();
            if let Some(id) = before {
                match self.change(id, &mut apply).await {
                    Ok(Attempt::Done(done)) => return Ok(done),
                    Ok(Attempt::Moved) => continue,
                    // it was not there when this request first looked
                    Err(SessionError::Gone) if !scope.has_seen_it_live() => scope.may_begin_anew(&id.key()).await?,
                    Err(error) => return Err(error),
                }
            }
            let one_at_a_time = scope.change().await;
            if scope.id() != before {
                // another part of this request has created it meanwhile
                continue;
            }
            let mut fields = if let Some(carried) = scope.carried() {
                carried
            } else {
                scope.look_at_what_was_shown().await?;
                Fields::default()
            };
            let (patch, value) = match apply(&fields)? {
                Ok(applied) => applied,
                Err(error) => return Ok(Err(error)),
            };
            // a visitor for whom there is nothing to remember gets no session
            if patch.changes_fields() {
                if scope.is_closed() {
                    return Err(SessionError::NoResponse);
                }
                fields.apply(&patch);
                if !self.begin(scope, fields, None, false, one_at_a_time).await? {
                    continue;
                }
            }
            return Ok(Ok(value));
        }
    }

    /// Gives the session a new id, with what `apply` changes: [`rotate_with`](Session::rotate_with). With a login its age
    /// begins anew.
    pub(super) async fn replace<R: Send, E>(
        &self,
        mut apply: impl FnMut(&Fields) -> Applied<R, E> + Send,
        is_login: bool,
    ) -> Result<Result<R, E>, SessionError> {
        let Via::Request(scope) = &self.via else {
            return Err(SessionError::NoResponse);
        };
        loop {
            if scope.is_closed() {
                return Err(SessionError::NoResponse);
            }
            // an id that has not left this server yet is new enough
            let Some(old) = scope.id().filter(|id| !scope.is_fresh(*id)) else {
                return self.transact(apply).await;
            };
            let transaction = match self.turn(old, self.core.turn_to_rotate(old.key())).await {
                Ok(Turn::Come(transaction)) => transaction,
                Ok(Turn::Moved) => continue,
                Err(SessionError::Gone) if !scope.has_seen_it_live() => return self.transact(apply).await,
                Err(error) => return Err(error),
            };
            let one_at_a_time = scope.change().await;
            if scope.id() != Some(old) {
                continue;
            }
            let mut fields = transaction.record().fields.clone();
            let (patch, value) = match apply(&fields)? {
                Ok(applied) => applied,
                Err(error) => return Ok(Err(error)),
            };
            fields.apply(&patch);
            let rotation = Some(Rotation::of(transaction, old.key()));
            if self.begin(scope, fields, rotation, is_login, one_at_a_time).await? {
                return Ok(Ok(value));
            }
        }
    }

    /// Makes a new record the request's session; `false` if that has got another one meanwhile.
    async fn begin(
        &self,
        scope: &Arc<RequestScope>,
        mut fields: Fields,
        rotation: Option<Rotation>,
        is_login: bool,
        one_at_a_time: tokio::sync::OwnedMutexGuard<()>,
    ) -> Result<bool, SessionError> {
        let (core, scope) = (Arc::clone(&self.core), Arc::clone(scope));
        // in a task of its own: a caller that goes away leaves no record without a cookie
        let beginning = tokio::spawn(async move {
            let _one_at_a_time = one_at_a_time;
            let from = rotation.as_ref().and_then(|rotation| rotation.user(&core));
            let deadline = if is_login { scope.anew(&mut fields) } else { scope.deadline() };
            let deadline = scope.new_deadline(deadline, rotation.as_ref().map(Rotation::deadline));
            let record = Record { fields: fields.clone(), deadline, unconfirmed: false, latest: None };
            let id = core.create(record, from, scope.since()).await?;
            let adopted = match scope.adopt(id, fields, deadline).await {
                Ok(true) => scope.stage(id, rotation).map(|()| true),
                adopted => adopted,
            };
            if !matches!(adopted, Ok(true)) {
                core.remove(id.key()).await?;
            }
            adopted
        });
        beginning.await.unwrap_or(Err(SessionError::Unknown))
    }

    async fn change<R: Send, E>(
        &self,
        id: Id,
        apply: &mut (impl FnMut(&Fields) -> Applied<R, E> + Send),
    ) -> Result<Attempt<R, E>, SessionError> {
        for _ in 0..ATTEMPTS {
            match self.attempt(id, apply).await {
                Ok(Some(attempt)) => return Ok(attempt),
                // another node has taken the session over: nothing was written, so it is done anew on what is there now
                Ok(None) => {}
                Err(error) => return Err(error),
            }
        }
        Err(SessionError::Busy)
    }

    async fn attempt<R: Send, E>(
        &self,
        id: Id,
        apply: &mut (impl FnMut(&Fields) -> Applied<R, E> + Send),
    ) -> Result<Option<Attempt<R, E>>, SessionError> {
        let key = id.key();
        let since = match &self.via {
            Via::Request(scope) => scope.since(),
            Via::Bound(_) | Via::Nothing => Since::now(),
        };
        let Turn::Come(mut transaction) = self.turn(id, self.core.turn(key)).await? else {
            return Ok(Some(Attempt::Moved));
        };
        let (mut patch, value) = match apply(&transaction.record().fields)? {
            Ok(applied) => applied,
            Err(error) => return Ok(Some(Attempt::Done(Err(error)))),
        };
        let changes = patch.changes_fields();
        let renewed = match &self.via {
            Via::Request(scope) if changes => Some((scope, scope.deadline())),
            _ => None,
        };
        if let (Some((_, deadline)), None) = (renewed, patch.deadline) {
            patch.deadline = Some(Deadline::Extend(deadline));
        }
        if let Via::Bound(bound) = &self.via {
            self.core.keep_alive(&mut patch, bound.life, transaction.record().deadline);
        }
        let change = self.core.users.change(&patch, &transaction.record().fields);
        let looked_at = self.core.guards_look_at(&key, &patch, Some(&transaction.record().fields));
        let written = renewed.map(|(scope, deadline)| {
            let mut fields = transaction.record().fields.clone();
            fields.apply(&patch);
            (scope, fields, deadline)
        });
        let committed = match change {
            None => transaction.commit(patch).await,
            Some(change) => self.core.commit_as(&mut transaction, patch, (key, change), since).await,
        };
        match committed {
            Err(Refusal::Lost) => return Ok(None),
            committed => committed?,
        }
        drop(transaction);
        if let Some((scope, fields, deadline)) = written {
            scope.wrote(id, fields.clone(), deadline);
            if scope.has_read() {
                scope.refresh(id, fields, deadline).await;
            }
        }
        self.core.reconsider(key, looked_at);
        Ok(Some(Attempt::Done(Ok(value))))
    }

    async fn turn(
        &self,
        id: Id,
        turn: impl Future<Output = Result<Transaction, SessionError>>,
    ) -> Result<Turn, SessionError> {
        let Via::Request(scope) = &self.via else {
            return turn.await.map(Turn::Come);
        };
        let transaction = tokio::select! {
            biased;
            transaction = turn => transaction?,
            () = scope.moved(id) => return Ok(Turn::Moved),
        };
        scope.saw_it_live();
        scope.learn(transaction.record());
        self.confirm(id, scope, transaction.record());
        Ok(Turn::Come(transaction))
    }
}
