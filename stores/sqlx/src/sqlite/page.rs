//! The sessions that a transaction is about: read before, written after, and in between a matter of memory.
//!
//! What SQLite does for a session takes it some microseconds; to ask its thread and to be woken by it takes more. So all
//! that the operations of a transaction need is read in one trip, and all that they change is written in another.

use std::collections::HashMap;

use serde_json::{Value, json};
use socket_session::{
    SessionKey,
    store::{Fields, NodeId, Notice, Record},
};
use sqlx::{Row as _, sqlite::SqliteRow};

use super::{
    error::Failure,
    notices::Hub,
    session::{self, Session},
    users::Index,
};
use crate::{
    encoding::{self, Written, hex},
    message,
};

/// A notice on its way, to one node or to all.
pub(super) type Told = (Option<NodeId>, Notice);

/// What is known of a key.
#[derive(Default)]
pub(super) struct Entry {
    stored: Option<Session>,
    /// As it will be.
    pub(super) session: Option<Session>,
    /// The fields as they are stored, if they were asked for.
    fields: Vec<(String, String)>,
    /// Nothing of what is stored stays.
    cleared: bool,
    /// New values by name; none for what is removed.
    changes: HashMap<String, Option<String>>,
}

impl Entry {
    /// The session, if it is a record that lives.
    pub(super) fn living(&mut self, now: i64) -> Option<&mut Session> {
        self.session.as_mut().filter(|session| session.lives(now))
    }

    /// Removes all fields.
    pub(super) fn clear(&mut self) {
        self.cleared = true;
        self.changes.clear();
    }

    pub(super) fn set(&mut self, written: &Written) {
        let values = written.names.iter().zip(&written.values);
        self.changes.extend(values.map(|(name, value)| (name.clone(), Some(value.clone()))));
    }

    pub(super) fn remove(&mut self, names: &[String]) {
        self.changes.extend(names.iter().map(|name| (name.clone(), None)));
    }

    /// The record as it will be, if its fields were asked for.
    pub(super) fn record(&self) -> Result<Record, Failure> {
        let session = self.session.as_ref().ok_or(Failure::Odd("there is no record"))?;
        let stored = self.fields.iter().filter(|(name, _)| !self.cleared && !self.changes.contains_key(name));
        let stored = stored.map(|(name, value)| (name, value));
        let changed = self.changes.iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
        let fields: Result<Fields, _> =
            stored.chain(changed).map(|(name, value)| encoding::read(name, value)).collect();
        let (deadline, latest) = (session::time(session.deadline)?, session.latest());
        Ok(Record { fields: fields?, deadline, unconfirmed: session.unconfirmed, latest })
    }
}

pub(super) struct Page<'a> {
    hub: &'a Hub,
    /// Others cannot see it.
    in_memory: bool,
    entries: HashMap<SessionKey, Entry>,
    /// What the nodes of this process are told when the transaction is committed.
    pub(super) told: Vec<Told>,
    /// What other processes are told.
    messages: Vec<Value>,
    pub(super) users: Index,
}

impl<'a> Page<'a> {
    pub(super) fn new(hub: &'a Hub, in_memory: bool) -> Self {
        Self {
            hub,
            in_memory,
            entries: HashMap::new(),
            told: Vec::new(),
            messages: Vec::new(),
            users: Index::default(),
        }
    }

    /// Takes in a row of what was read at the beginning: of a session, or of a field.
    pub(super) fn take_in(&mut self, row: &SqliteRow) -> Result<(), Failure> {
        let failed = |error: sqlx::Error| Failure::new(&error);
        let entry = self.entry(&key(row)?);
        if row.len() == 3 {
            entry.fields.push((row.try_get(1).map_err(failed)?, row.try_get(2).map_err(failed)?));
        } else {
            let session = Session::read(row)?;
            entry.stored = Some(session.clone());
            entry.session = Some(session);
        }
        Ok(())
    }

    pub(super) fn entry(&mut self, key: &SessionKey) -> &mut Entry {
        self.entries.entry(*key).or_default()
    }

    /// Tells a node, or all: at once where they are here, and where they may not be by a message.
    pub(super) fn tell(&mut self, node: Option<NodeId>, notice: Notice) {
        self.told.push((node, notice));
        let is_here = self.in_memory || node.is_some_and(|node| self.hub.has(node));
        if !is_here && let Some(message) = message::write(&notice) {
            self.messages.push(json!([node.map(|node| hex(&node.0.to_be_bytes())), message]));
        }
    }

    /// What is to be written.
    pub(super) fn changes(&self) -> Changes {
        let (messages, users) = (self.messages.clone(), self.users.rows());
        let mut changes = Changes { messages, users, ..Changes::default() };
        for (key, entry) in &self.entries {
            let key = Value::from(hex(key.as_bytes()));
            if entry.cleared && entry.stored.is_some() {
                changes.deleted.push(key.clone());
            }
            let Some(session) = &entry.session else { continue };
            if entry.cleared || entry.stored.as_ref() != Some(session) {
                changes.sessions.push(session.row(key.clone()));
            }
            for (name, value) in &entry.changes {
                match value {
                    Some(value) => changes.set.push(json!([key, name, value])),
                    None if entry.cleared => {}
                    None => changes.removed.push(json!([key, name])),
                }
            }
        }
        changes
    }
}

/// What is to be written, each a list of rows.
#[derive(Default)]
pub(super) struct Changes {
    pub(super) deleted: Vec<Value>,
    pub(super) sessions: Vec<Value>,
    pub(super) set: Vec<Value>,
    pub(super) removed: Vec<Value>,
    pub(super) messages: Vec<Value>,
    pub(super) users: [Vec<Value>; 3],
}

impl Changes {
    pub(super) fn is_empty(&self) -> bool {
        let Self { deleted, sessions, set, removed, messages, users } = self;
        [deleted, sessions, set, removed, messages].into_iter().chain(users).all(Vec::is_empty)
    }
}

/// The key in the first column.
pub(super) fn key(row: &SqliteRow) -> Result<SessionKey, Failure> {
    let bytes: &[u8] = row.try_get(0).map_err(|error| Failure::new(&error))?;
    let bytes = <[u8; 32]>::try_from(bytes).map_err(|_| Failure::Odd("a key is none"))?;
    Ok(SessionKey::from(bytes))
}

/// Keys as a list, for the statements that look for several.
pub(super) fn list<'k>(keys: impl IntoIterator<Item = &'k SessionKey>) -> String {
    keys.into_iter().map(|key| hex(key.as_bytes())).collect::<Value>().to_string()
}
