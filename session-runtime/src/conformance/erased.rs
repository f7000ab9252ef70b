//! The store under test with its type erased: so the checks are compiled once, and not for every store.

use std::{pin::Pin, time::Duration};

use time::OffsetDateTime;

use crate::{
    record::{Deadline, Patch, Record, SessionKey, UserKey},
    store::{
        Acquired, Claim, Created, Loaded, Member, NodeId, Notice, Notices, Patched, Retirement, Store, StoreError,
        Token,
    },
};

type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

macro_rules! erased {
    ($($name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        trait Operations: Send + Sync + 'static {
            $(fn $name<'a>(&'a self, $($argument: $type),*) -> Answer<'a, $answer>;)*
            fn listen(&self, node: NodeId) -> Notices;
        }

        impl<S: Store> Operations for S {
            $(fn $name<'a>(&'a self, $($argument: $type),*) -> Answer<'a, $answer> {
                Box::pin(Store::$name(self, $($argument),*))
            })*

            fn listen(&self, node: NodeId) -> Notices {
                Store::listen(self, node)
            }
        }
    };
}

erased! {
    create(key: &'a SessionKey, record: Record, now: OffsetDateTime) -> Created;
    load(key: &'a SessionKey, now: OffsetDateTime) -> Loaded;
    acquire(key: &'a SessionKey, claim: &'a Claim, now: OffsetDateTime) -> Acquired;
    confirm(key: &'a SessionKey, claim: &'a Claim, known: Record, now: OffsetDateTime) -> Acquired;
    patch(key: &'a SessionKey, patch: &'a Patch, now: OffsetDateTime) -> Patched;
    release(key: &'a SessionKey, token: Token) -> ();
    touch(key: &'a SessionKey, deadline: Deadline, now: OffsetDateTime) -> bool;
    delete(key: &'a SessionKey, now: OffsetDateTime) -> bool;
    retire(key: &'a SessionKey, retirement: &'a Retirement, now: OffsetDateTime) -> Patched;
    exists(keys: &'a [SessionKey], now: OffsetDateTime) -> Vec<bool>;
    join(user: &'a UserKey, key: &'a SessionKey) -> ();
    leave(user: &'a UserKey, keys: &'a [SessionKey]) -> ();
    members(user: &'a UserKey) -> Vec<Member>;
    end_user(user: &'a UserKey) -> ();
    user_ended(user: &'a UserKey) -> Option<Duration>;
    announce(notice: &'a Notice) -> ();
}

/// Any store.
pub(super) struct Erased {
    store: Box<dyn Operations>,
    leases: bool,
}

impl Erased {
    pub(super) fn new<S: Store>(store: S) -> Self {
        Self { store: Box::new(store), leases: S::LEASES }
    }

    /// What the store itself says.
    pub(super) fn has_leases(&self) -> bool {
        self.leases
    }

    pub(super) async fn create(
        &self,
        key: &SessionKey,
        record: Record,
        now: OffsetDateTime,
    ) -> Result<Created, StoreError> {
        self.store.create(key, record, now).await
    }

    pub(super) async fn load(&self, key: &SessionKey, now: OffsetDateTime) -> Result<Loaded, StoreError> {
        self.store.load(key, now).await
    }

    pub(super) async fn acquire(
        &self,
        key: &SessionKey,
        claim: &Claim,
        now: OffsetDateTime,
    ) -> Result<Acquired, StoreError> {
        self.store.acquire(key, claim, now).await
    }

    pub(super) async fn confirm(
        &self,
        key: &SessionKey,
        claim: &Claim,
        known: Record,
        now: OffsetDateTime,
    ) -> Result<Acquired, StoreError> {
        self.store.confirm(key, claim, known, now).await
    }

    pub(super) async fn patch(
        &self,
        key: &SessionKey,
        patch: &Patch,
        now: OffsetDateTime,
    ) -> Result<Patched, StoreError> {
        self.store.patch(key, patch, now).await
    }

    pub(super) async fn release(&self, key: &SessionKey, token: Token) -> Result<(), StoreError> {
        self.store.release(key, token).await
    }

    pub(super) async fn touch(
        &self,
        key: &SessionKey,
        deadline: Deadline,
        now: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        self.store.touch(key, deadline, now).await
    }

    pub(super) async fn delete(&self, key: &SessionKey, now: OffsetDateTime) -> Result<bool, StoreError> {
        self.store.delete(key, now).await
    }

    pub(super) async fn retire(
        &self,
        key: &SessionKey,
        retirement: &Retirement,
        now: OffsetDateTime,
    ) -> Result<Patched, StoreError> {
        self.store.retire(key, retirement, now).await
    }

    pub(super) async fn exists(&self, keys: &[SessionKey], now: OffsetDateTime) -> Result<Vec<bool>, StoreError> {
        self.store.exists(keys, now).await
    }

    pub(super) async fn join(&self, user: &UserKey, key: &SessionKey) -> Result<(), StoreError> {
        self.store.join(user, key).await
    }

    pub(super) async fn leave(&self, user: &UserKey, keys: &[SessionKey]) -> Result<(), StoreError> {
        self.store.leave(user, keys).await
    }

    pub(super) async fn members(&self, user: &UserKey) -> Result<Vec<Member>, StoreError> {
        self.store.members(user).await
    }

    pub(super) async fn end_user(&self, user: &UserKey) -> Result<(), StoreError> {
        self.store.end_user(user).await
    }

    pub(super) async fn user_ended(&self, user: &UserKey) -> Result<Option<Duration>, StoreError> {
        self.store.user_ended(user).await
    }

    pub(super) async fn announce(&self, notice: &Notice) -> Result<(), StoreError> {
        self.store.announce(notice).await
    }

    pub(super) fn listen(&self, node: NodeId) -> Notices {
        self.store.listen(node)
    }
}
