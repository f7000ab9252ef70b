//! What axum-login keeps in the session, as a view of it.

use serde::{Deserialize, Serialize};
use socket_session::socket_session;

use crate::users::{User, Users};

/// Where axum-login keeps it.
pub(crate) const KEY: &str = "axum-login.data";

/// Who is logged in, for event handlers and their guards.
#[socket_session]
pub(crate) struct Login {
    #[session(key = "axum-login.data")]
    data: Data,
}

/// As axum-login writes it.
#[derive(Default, PartialEq, Serialize, Deserialize)]
struct Data {
    user_id: Option<u64>,
    auth_hash: Option<Vec<u8>>,
}

impl Login {
    /// Who has logged in.
    pub(crate) fn user_id(&self) -> Option<u64> {
        self.data.user_id
    }

    /// The user, unless the password was changed since the login: what axum-login does for a request.
    pub(crate) fn user(&self, users: &Users) -> Option<User> {
        let user = users.get(self.user_id()?)?;
        user.has_hash(self.data.auth_hash.as_deref()?).then_some(user)
    }
}
