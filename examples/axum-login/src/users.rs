//! The users: in memory here, in your database in earnest. Passwords are kept as argon2 hashes.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use axum_login::{AuthUser, AuthnBackend, UserId};
use password_auth::{generate_hash, verify_password};
use serde::Deserialize;
use tokio::task::{JoinError, spawn_blocking};

#[derive(Clone)]
pub(crate) struct User {
    id: u64,
    pub(crate) name: String,
    hash: String,
}

impl User {
    /// Whether this is still the hash of the password. Both sides come from our own stores: nobody can try out hashes here.
    pub(crate) fn has_hash(&self, hash: &[u8]) -> bool {
        self.hash.as_bytes() == hash
    }
}

/// Without the hash.
impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User").field("id", &self.id).field("name", &self.name).finish_non_exhaustive()
    }
}

impl AuthUser for User {
    type Id = u64;

    fn id(&self) -> u64 {
        self.id
    }

    /// Another password is another hash: sessions that began with the old one end.
    fn session_auth_hash(&self) -> &[u8] {
        self.hash.as_bytes()
    }
}

/// The login form.
#[derive(Clone, Deserialize)]
pub(crate) struct Credentials {
    pub(crate) name: String,
    pub(crate) password: String,
}

/// What axum-login asks for users, and the guards of sockets too.
#[derive(Clone)]
pub(crate) struct Users {
    by_id: Arc<RwLock<HashMap<u64, User>>>,
    /// Compared with where there is no such user, so that it takes as long.
    decoy: Arc<str>,
}

impl Users {
    pub(crate) async fn with<const N: usize>(users: [(&'static str, &'static str); N]) -> Result<Self, JoinError> {
        // hashing is slow, on purpose
        spawn_blocking(move || {
            let user = |(id, (name, password)): (u64, (&str, &str))| {
                (id, User { id, name: name.to_owned(), hash: generate_hash(password) })
            };
            let by_id = (1..).zip(users).map(user).collect();
            Self { by_id: Arc::new(RwLock::new(by_id)), decoy: generate_hash("nobody").into() }
        })
        .await
    }

    pub(crate) fn get(&self, id: u64) -> Option<User> {
        self.by_id.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    fn named(&self, name: &str) -> Option<User> {
        let users = self.by_id.read().unwrap_or_else(PoisonError::into_inner);
        users.values().find(|user| user.name == name).cloned()
    }

    /// Changes a password, and returns the user as it is then.
    pub(crate) async fn change_password(&self, id: u64, password: String) -> Result<Option<User>, JoinError> {
        let users = self.clone();
        spawn_blocking(move || {
            let hash = generate_hash(password);
            let mut users = users.by_id.write().unwrap_or_else(PoisonError::into_inner);
            let user = users.get_mut(&id)?;
            user.hash = hash;
            Some(user.clone())
        })
        .await
    }
}

impl AuthnBackend for Users {
    type User = User;
    type Credentials = Credentials;
    type Error = JoinError;

    async fn authenticate(&self, Credentials { name, password }: Credentials) -> Result<Option<User>, JoinError> {
        let (user, decoy) = (self.named(&name), Arc::clone(&self.decoy));
        spawn_blocking(move || {
            let hash = user.as_ref().map_or(&*decoy, |user| &user.hash);
            verify_password(password, hash).ok().and(user)
        })
        .await
    }

    async fn get_user(&self, id: &UserId<Self>) -> Result<Option<User>, JoinError> {
        Ok(self.get(*id))
    }
}
