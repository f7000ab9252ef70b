//! The operations of a store, each a command or a script on one key.

use std::{fmt, sync::Arc, time::Duration};

use redis::{Cmd, Value};
use socket_session::{
    SessionKey,
    store::{
        Acquired, Claim, Created, Deadline, Loaded, Member, NodeId, Notice, Notices, Patch, Patched, Record,
        Retirement, Store, StoreError, Then, Token, USER_END_REMEMBERED, UserKey,
    },
};
use time::OffsetDateTime;

use crate::{
    connect::Builder,
    connection::Connection,
    encoding,
    error::{ConnectError, Failure},
    notices::{self, Channels},
    scripts::{self, Script},
};

/// How many records one pipeline asks for.
const AT_ONCE: usize = 1000;

/// How long a user's sessions are kept after the last that joined: no browser keeps a cookie longer than 400 days.
const MEMBERS_STAY: Duration = Duration::from_hours(24 * 400);

/// How long the end of a user's sessions is kept.
const ENDS_STAY: Duration = USER_END_REMEMBERED.saturating_mul(2);

/// Keeps sessions in Redis, for any number of nodes. See the [crate's documentation](crate).
///
/// A clone is the same store.
#[derive(Clone)]
pub struct RedisStore(Arc<Inner>);

struct Inner {
    connection: Connection,
    durable: Option<Durable>,
    prefix: String,
    channels: Channels,
}

/// Where changes wait for replicas.
pub(crate) struct Durable {
    pub(crate) connection: Connection,
    pub(crate) replicas: usize,
    pub(crate) timeout: Duration,
}

impl Durable {
    /// `WAIT` takes 0 for no limit at all.
    fn wait(&self) -> Cmd {
        let mut wait = redis::cmd("WAIT");
        wait.arg(self.replicas).arg(milliseconds(self.timeout).max(1));
        wait
    }

    fn check(&self, reply: Option<&Result<Value, Failure>>) -> Result<(), Failure> {
        let acknowledged = match reply {
            Some(Ok(Value::Int(acknowledged))) => *acknowledged,
            // whatever its reason: the change is made, and on how many replicas it is nobody knows
            _ => 0,
        };
        if usize::try_from(acknowledged).is_ok_and(|acknowledged| acknowledged >= self.replicas) {
            return Ok(());
        }
        Err(Failure::Replicas { acknowledged, asked: self.replicas })
    }
}

impl RedisStore {
    /// Connects, with the options as they are: see [`builder`](Self::builder) for others.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), socket_session_redis::ConnectError> {
    /// let store = socket_session_redis::RedisStore::connect("redis://127.0.0.1:6379/").await?;
    /// # let _ = store;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn connect(to: impl redis::IntoConnectionInfo) -> Result<Self, ConnectError> {
        Self::builder().connect(to).await
    }

    /// The options.
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) fn new(connection: Connection, durable: Option<Durable>, prefix: String) -> Self {
        let channels = Channels::new(&prefix);
        Self(Arc::new(Inner { connection, durable, prefix, channels }))
    }

    /// The braces are for a Redis Cluster: what is in them decides where the key is.
    fn key(&self, key: &SessionKey) -> String {
        let mut name = String::with_capacity(self.0.prefix.len() + 66);
        name.push_str(&self.0.prefix);
        name.push('{');
        encoding::push_hex(key.as_bytes(), &mut name);
        name.push('}');
        name
    }

    fn key_of_members(&self, user: &UserKey) -> String {
        format!("{}user:{{{}}}", self.0.prefix, encoding::hex(user.as_bytes()))
    }

    fn key_of_end(&self, user: &UserKey) -> String {
        format!("{}ended:{{{}}}", self.0.prefix, encoding::hex(user.as_bytes()))
    }

    async fn run(&self, script: &Script, call: Cmd) -> Result<Value, Failure> {
        Ok(self.0.connection.run(script, call, None).await?.0)
    }

    /// As [`run`](Self::run), for a script that only reads: where the connection broke it is run once more, for often it
    /// broke long ago, and nobody has noticed.
    async fn look(&self, script: &Script, call: Cmd) -> Result<Value, Failure> {
        match self.run(script, call.clone()).await {
            Err(Failure::Broken { .. }) => self.run(script, call).await,
            reply => reply,
        }
    }

    /// Runs a script whose change has to be on the replicas if there was one.
    async fn save<T>(
        &self,
        script: &Script,
        call: Cmd,
        read: impl FnOnce(Value) -> Result<(T, bool), Failure>,
    ) -> Result<T, StoreError> {
        let Some(durable) = &self.0.durable else {
            return Ok(read(self.run(script, call).await?)?.0);
        };
        let (reply, waited) = durable.connection.run(script, call, Some(durable.wait())).await?;
        let (read, changed) = read(reply)?;
        if changed {
            durable.check(waited.as_ref())?;
        }
        Ok(read)
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("address", &self.0.connection.server().address())
            .field("prefix", &self.0.prefix)
            .finish_non_exhaustive()
    }
}

impl Store for RedisStore {
    const LEASES: bool = true;

    async fn create(&self, key: &SessionKey, record: Record, now: OffsetDateTime) -> Result<Created, StoreError> {
        let mut call = scripts::CREATE.on(&self.key(key), 4 + 2 * record.fields.len());
        call.arg(&encoding::time(now))
            .arg(&encoding::time(record.deadline))
            .arg(encoding::time_to_live(record.deadline, now))
            .arg(i32::from(record.unconfirmed));
        for (field, value) in record.fields.iter() {
            encoding::push_field(field, value, &mut call)?;
        }
        let created = |reply| Ok((if yes(&reply)? { Created::Done } else { Created::Taken }, yes(&reply)?));
        self.save(&scripts::CREATE, call, created).await
    }

    async fn load(&self, key: &SessionKey, now: OffsetDateTime) -> Result<Loaded, StoreError> {
        let mut command = redis::cmd("HGETALL");
        command.arg(self.key(key));
        let reply = self.0.connection.read([command]).await?.pop().ok_or(Failure::Odd)??;
        Ok(encoding::loaded(reply, now)?)
    }

    async fn acquire(&self, key: &SessionKey, claim: &Claim, now: OffsetDateTime) -> Result<Acquired, StoreError> {
        let over = claim.over.map_or_else(Default::default, |lease| {
            (encoding::digits(lease.token.0), lease.renewal.map(|renewal| renewal.to_string()).unwrap_or_default())
        });
        let mut call = scripts::ACQUIRE.on(&self.key(key), 5);
        call.arg(&encoding::time(now))
            .arg(&encoding::id(claim.token.0))
            .arg(&encoding::id(claim.node.0))
            .arg(over.0)
            .arg(over.1);
        let mut load = redis::cmd("HGETALL");
        load.arg(self.key(key));
        let (reply, hash) = self.0.connection.run(&scripts::ACQUIRE, call, Some(load)).await?;
        match acquired(&reply)? {
            // what has come in between the two is in what is loaded
            None => Ok(encoding::held(hash.ok_or(Failure::Odd)??, claim.token, now)?),
            Some(acquired) => Ok(acquired),
        }
    }

    async fn confirm(
        &self,
        key: &SessionKey,
        claim: &Claim,
        known: Record,
        now: OffsetDateTime,
    ) -> Result<Acquired, StoreError> {
        let key_name = self.key(key);
        let mut look = Cmd::with_capacity(6, 16 + key_name.len());
        look.arg("HMGET").arg(key_name).arg("@d").arg("@t").arg("@a").arg("@u");
        let reply = self.0.connection.read_one(look).await?;
        match encoding::confirmed(&reply, claim.token, known, now)? {
            Some(record) => Ok(Acquired::Held(record)),
            // seldom: this future need not have room for it
            None => Box::pin(self.acquire(key, claim, now)).await,
        }
    }

    async fn patch(&self, key: &SessionKey, patch: &Patch, now: OffsetDateTime) -> Result<Patched, StoreError> {
        let token = patch.fence.map(|fence| encoding::id(fence.token.0));
        let (token, then) = match (patch.fence, &token) {
            (Some(fence), Some(token)) => (token.as_slice(), word(fence.then)),
            _ => Default::default(),
        };
        let mut call = scripts::PATCH.on(&self.key(key), 9 + 2 * patch.set.len() + patch.remove.len());
        call.arg(&encoding::time(now))
            .arg(&encoding::transaction(patch.transaction))
            .arg(i32::from(!patch.is_empty()))
            .arg(token)
            .arg(then);
        match patch.deadline {
            Some(deadline) => {
                let (how, to) = encoding::movement(deadline);
                call.arg(how).arg(&encoding::time(to)).arg(encoding::time_to_live(to, now));
            }
            None => {
                call.arg("").arg("").arg("");
            }
        }
        call.arg(2 * patch.set.len());
        for (field, value) in &patch.set {
            encoding::push_field(field, value, &mut call)?;
        }
        for field in &patch.remove {
            encoding::push_name(field, &mut call);
        }
        // a renewal changes nothing that a replica has to know: who loses it loses the lease with it
        if patch.is_empty() {
            return Ok(patched(&self.run(&scripts::PATCH, call).await?)?);
        }
        let saved = |reply| patched(&reply).map(|patched| (patched, matches!(patched, Patched::Applied { .. })));
        self.save(&scripts::PATCH, call, saved).await
    }

    async fn release(&self, key: &SessionKey, token: Token) -> Result<(), StoreError> {
        let mut call = scripts::RELEASE.on(&self.key(key), 1);
        call.arg(&encoding::id(token.0));
        self.run(&scripts::RELEASE, call).await?;
        Ok(())
    }

    async fn touch(&self, key: &SessionKey, deadline: Deadline, now: OffsetDateTime) -> Result<bool, StoreError> {
        let (how, to) = encoding::movement(deadline);
        let mut call = scripts::TOUCH.on(&self.key(key), 4);
        call.arg(&encoding::time(now)).arg(how).arg(&encoding::time(to)).arg(encoding::time_to_live(to, now));
        Ok(yes(&self.run(&scripts::TOUCH, call).await?)?)
    }

    async fn delete(&self, key: &SessionKey, now: OffsetDateTime) -> Result<bool, StoreError> {
        let mut call = scripts::DELETE.on(&self.key(key), 1);
        call.arg(&encoding::time(now));
        self.save(&scripts::DELETE, call, |reply| Ok((yes(&reply)?, yes(&reply)?))).await
    }

    async fn retire(
        &self,
        key: &SessionKey,
        retirement: &Retirement,
        now: OffsetDateTime,
    ) -> Result<Patched, StoreError> {
        let mut call = scripts::RETIRE.on(&self.key(key), 6);
        call.arg(&encoding::time(now))
            .arg(&encoding::transaction(retirement.transaction))
            .arg(retirement.token.map(|token| encoding::digits(token.0)).unwrap_or_default())
            .arg(retirement.seen.as_ref().map_or_else(Vec::new, |seen| encoding::transaction(*seen).to_vec()))
            .arg(&encoding::time(retirement.until))
            .arg(encoding::time_to_live(retirement.until, now));
        let retired = |reply| match &reply {
            Value::BulkString(word) if word == b"applied" => Ok((Patched::Applied { held: false, alone: false }, true)),
            Value::BulkString(word) if word == b"fenced" => Ok((Patched::Fenced, false)),
            Value::BulkString(word) if word == b"changed" => Ok((Patched::Changed, false)),
            Value::BulkString(word) if word == b"gone" => Ok((Patched::Gone, false)),
            _ => Err(Failure::Odd),
        };
        self.save(&scripts::RETIRE, call, retired).await
    }

    async fn exists(&self, keys: &[SessionKey], now: OffsetDateTime) -> Result<Vec<bool>, StoreError> {
        let mut lives = Vec::with_capacity(keys.len());
        for keys in keys.chunks(AT_ONCE) {
            let ask = |key| {
                let mut command = redis::cmd("HGET");
                command.arg(self.key(key)).arg("@d");
                command
            };
            for deadline in self.0.connection.read(keys.iter().map(ask)).await? {
                lives.push(match deadline? {
                    Value::BulkString(deadline) => encoding::lives(&deadline, now),
                    _ => false,
                });
            }
        }
        Ok(lives)
    }

    async fn join(&self, user: &UserKey, key: &SessionKey) -> Result<(), StoreError> {
        let mut call = scripts::JOIN.on(&self.key_of_members(user), 2);
        call.arg(encoding::hex(key.as_bytes())).arg(milliseconds(MEMBERS_STAY));
        self.save(&scripts::JOIN, call, |reply| Ok(((), yes(&reply)?))).await
    }

    async fn leave(&self, user: &UserKey, keys: &[SessionKey]) -> Result<(), StoreError> {
        if keys.is_empty() {
            return Ok(());
        }
        // whoever comes back when it is lost has ended all the same
        let mut command = redis::cmd("ZREM");
        command.arg(self.key_of_members(user));
        for key in keys {
            command.arg(encoding::hex(key.as_bytes()));
        }
        self.0.connection.ask(command).await?;
        Ok(())
    }

    async fn members(&self, user: &UserKey) -> Result<Vec<Member>, StoreError> {
        let call = scripts::MEMBERS.on(&self.key_of_members(user), 0);
        Ok(encoding::members(&self.look(&scripts::MEMBERS, call).await?)?)
    }

    async fn end_user(&self, user: &UserKey) -> Result<(), StoreError> {
        let mut call = scripts::END_USER.on(&self.key_of_end(user), 1);
        call.arg(milliseconds(ENDS_STAY));
        self.save(&scripts::END_USER, call, |reply| Ok(((), yes(&reply)?))).await
    }

    async fn user_ended(&self, user: &UserKey) -> Result<Option<Duration>, StoreError> {
        let call = scripts::USER_ENDED.on(&self.key_of_end(user), 0);
        match self.look(&scripts::USER_ENDED, call).await? {
            Value::Nil => Ok(None),
            since => Ok(Some(encoding::age(&since)?)),
        }
    }

    async fn announce(&self, notice: &Notice) -> Result<(), StoreError> {
        if let Some(message) = notices::message(notice) {
            let mut command = redis::cmd("PUBLISH");
            command.arg(self.0.channels.of_all()).arg(message);
            self.0.connection.ask(command).await?;
        }
        Ok(())
    }

    fn listen(&self, node: NodeId) -> Notices {
        self.0.channels.listen(self.0.connection.server().clone(), node)
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// What becomes of a lease, as the script calls it.
fn word(then: Then) -> &'static str {
    match then {
        Then::Keep => "keep",
        Then::KeepUnlessWaiting => "unless",
        Then::Release => "release",
    }
}

fn yes(reply: &Value) -> Result<bool, Failure> {
    match reply {
        Value::Int(number) => Ok(*number != 0),
        _ => Err(Failure::Odd),
    }
}

fn patched(reply: &Value) -> Result<Patched, Failure> {
    let Value::BulkString(words) = reply else { return Err(Failure::Odd) };
    match words.as_slice() {
        b"applied" => Ok(Patched::Applied { held: false, alone: false }),
        b"applied alone" => Ok(Patched::Applied { held: false, alone: true }),
        b"applied held" => Ok(Patched::Applied { held: true, alone: false }),
        b"applied alone held" => Ok(Patched::Applied { held: true, alone: true }),
        b"fenced" => Ok(Patched::Fenced),
        b"gone" => Ok(Patched::Gone),
        _ => Err(Failure::Odd),
    }
}

/// `None` if the lease is held: its record is asked for right behind.
fn acquired(reply: &Value) -> Result<Option<Acquired>, Failure> {
    match reply {
        Value::BulkString(word) if word == b"held" => Ok(None),
        Value::BulkString(word) if word == b"gone" => Ok(Some(Acquired::Gone)),
        Value::Array(lease) => match lease.as_slice() {
            [Value::BulkString(token), Value::BulkString(pulse)] => {
                encoding::lease(token, pulse).map(Acquired::Refused).map(Some)
            }
            _ => Err(Failure::Odd),
        },
        _ => Err(Failure::Odd),
    }
}
