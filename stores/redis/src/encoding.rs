//! How records, keys and times are written in Redis.

use std::{str::FromStr, time::Duration};

use data_encoding::HEXLOWER;
use redis::{Cmd, RedisWrite as _, Value};
use serde_json::Value as Json;
use socket_session::{
    SessionKey,
    store::{Acquired, Deadline, FieldKey, Lease, Loaded, Member, Record, Token, TransactionId},
};
use time::OffsetDateTime;

use crate::error::Failure;

/// How long Redis keeps what nobody sees any more: it is only garbage then, so this has to be more than clocks differ.
const MARGIN: Duration = Duration::from_hours(1);

/// What Redis accepts as a time to live has a limit; nobody waits for this one.
const LONGEST: i128 = 100 * 366 * 24 * 3_600_000;

/// Times have this many digits: so many has the year 9999, in nanoseconds.
const DIGITS: usize = 21;

/// How deep a JSON text may be nested, for the parser to read it again.
const DEPTH: usize = 127;

/// The hexadecimal digits of a session's key or of a user's, of which logs show the first 16.
pub(crate) fn hex(key: &[u8; 32]) -> String {
    HEXLOWER.encode(key)
}

/// Adds them to a text.
pub(crate) fn push_hex(key: &[u8; 32], text: &mut String) {
    HEXLOWER.encode_append(key, text);
}

/// What [`hex`] has written.
pub(crate) fn session_key(hex: &[u8]) -> Option<SessionKey> {
    let bytes: [u8; 32] = HEXLOWER.decode(hex).ok()?.try_into().ok()?;
    Some(SessionKey::from(bytes))
}

/// A token or a node, as [`digits`] without an allocation.
pub(crate) fn id(id: u128) -> [u8; 32] {
    let mut digits = [0; 32];
    HEXLOWER.encode_mut(&id.to_be_bytes(), &mut digits);
    digits
}

/// The hexadecimal digits of such a one.
pub(crate) fn digits(id: u128) -> String {
    HEXLOWER.encode(&id.to_be_bytes())
}

/// What [`id`] has written.
pub(crate) fn parse_id(text: &[u8]) -> Option<u128> {
    let bytes: [u8; 16] = HEXLOWER.decode(text).ok()?.try_into().ok()?;
    Some(u128::from_be_bytes(bytes))
}

/// A transaction.
pub(crate) fn transaction(id: TransactionId) -> [u8; 16] {
    id.0.to_be_bytes()
}

/// Nanoseconds since 1970, in digits that compare as text as the times do.
pub(crate) fn time(time: OffsetDateTime) -> [u8; DIGITS] {
    let mut text = [b'0'; DIGITS];
    // what is before 1970 is over, whenever it was
    if let Ok(seconds) = u64::try_from(time.unix_timestamp()) {
        let (whole, part) = text.split_at_mut(DIGITS - 9);
        write_digits(whole, seconds);
        write_digits(part, time.nanosecond().into());
    }
    text
}

fn write_digits(text: &mut [u8], mut number: u64) {
    for digit in text.iter_mut().rev() {
        let [units, ..] = (number % 10).to_le_bytes();
        *digit = b'0' + units;
        number /= 10;
    }
}

fn parse_time(text: &[u8]) -> Result<OffsetDateTime, Failure> {
    std::str::from_utf8(text)
        .ok()
        .and_then(|text| text.parse().ok())
        .and_then(|nanos| OffsetDateTime::from_unix_timestamp_nanos(nanos).ok())
        .ok_or(Failure::Unreadable("a deadline is no time"))
}

/// Whether what ends then has not ended now.
pub(crate) fn lives(deadline: &[u8], now: OffsetDateTime) -> bool {
    deadline > time(now).as_slice()
}

/// How long the server keeps what ends then: relative, for its clock may differ from ours.
pub(crate) fn time_to_live(deadline: OffsetDateTime, now: OffsetDateTime) -> i128 {
    ((deadline - now).whole_milliseconds().max(0) + MARGIN.as_millis().cast_signed()).min(LONGEST)
}

/// How a deadline moves, and to what.
pub(crate) fn movement(deadline: Deadline) -> (&'static str, OffsetDateTime) {
    match deadline {
        Deadline::Extend(to) => ("extend", to),
        Deadline::Set(to) => ("set", to),
    }
}

/// Adds the name of a field in the hash, which keeps it apart from the bookkeeping.
pub(crate) fn push_name(key: &str, command: &mut Cmd) {
    command.write_arg_fmt(format_args!("={key}"));
}

/// Adds a field's name, and its value as JSON text, if that can be read again.
pub(crate) fn push_field(key: &str, value: &Json, command: &mut Cmd) -> Result<(), Failure> {
    if depth(value) > DEPTH {
        return Err(Failure::TooDeep);
    }
    push_name(key, command);
    command.write_arg_fmt(value);
    Ok(())
}

fn depth(value: &Json) -> usize {
    match value {
        Json::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Json::Object(map) => 1 + map.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// What a hash holds, at that time.
pub(crate) fn loaded(hash: Value, now: OffsetDateTime) -> Result<Loaded, Failure> {
    let pairs = pairs(hash)?;
    let bookkeeping = |name: &str| pairs.iter().find(|(field, _)| field == name.as_bytes()).map(|(_, value)| value);
    if let Some(until) = bookkeeping("@e") {
        return Ok(if lives(until, now) { Loaded::Rotated } else { Loaded::Gone });
    }
    match bookkeeping("@d") {
        Some(deadline) if lives(deadline, now) => record(&pairs).map(Loaded::Live),
        None if !pairs.is_empty() => Err(Failure::Unreadable("it has no deadline")),
        _ => Ok(Loaded::Gone),
    }
}

/// What has come of an acquire that was granted, by the hash as it was right after it: in between, the session may have
/// ended, or another may have taken the lease over.
pub(crate) fn held(hash: Value, token: Token, now: OffsetDateTime) -> Result<Acquired, Failure> {
    let pairs = pairs(hash)?;
    let bookkeeping = |name: &str| pairs.iter().find(|(field, _)| field == name.as_bytes()).map(|(_, value)| value);
    if !bookkeeping("@d").is_some_and(|deadline| lives(deadline, now)) {
        return Ok(Acquired::Gone);
    }
    let holder = bookkeeping("@t").ok_or(Failure::Unreadable("a lease is gone that was just taken"))?;
    let renewal = bookkeeping("@n").map(Vec::as_slice).unwrap_or_default();
    let done = bookkeeping("@x").map(Vec::as_slice).unwrap_or_default();
    match lease(holder, &pulse(renewal, done)?)? {
        lease if lease.token == token => record(&pairs).map(Acquired::Held),
        lease => Ok(Acquired::Refused(lease)),
    }
}

/// The record that is known, if the lease is held by that token still and nobody else has written since it was taken: by
/// the deadline, the lease, whether its holder is alone, and whether the record is unconfirmed.
pub(crate) fn confirmed(
    reply: &Value,
    token: Token,
    known: Record,
    now: OffsetDateTime,
) -> Result<Option<Record>, Failure> {
    let Value::Array(reply) = reply else { return Err(Failure::Odd) };
    match reply.as_slice() {
        [Value::BulkString(deadline), Value::BulkString(holder), Value::BulkString(alone), unconfirmed]
            if parse_id(holder) == Some(token.0) && alone == b"1" && lives(deadline, now) =>
        {
            let unconfirmed = *unconfirmed != Value::Nil;
            Ok(Some(Record { deadline: parse_time(deadline)?, unconfirmed, ..known }))
        }
        [_, _, _, _] => Ok(None),
        _ => Err(Failure::Odd),
    }
}

/// A token, and a pulse that is empty while the lease is only offered.
pub(crate) fn lease(token: &[u8], pulse: &[u8]) -> Result<Lease, Failure> {
    let token = parse_id(token).map(Token).ok_or(Failure::Unreadable("a lease has no token"))?;
    let renewal = if pulse.is_empty() { None } else { Some(number(pulse)?) };
    Ok(Lease { token, renewal })
}

/// As the script of the same name.
fn pulse(renewal: &[u8], done: &[u8]) -> Result<Vec<u8>, Failure> {
    if renewal.is_empty() {
        return Ok(Vec::new());
    }
    let last = (0..6).fold(0, |last, at| last * 256 + i64::from(done.get(at).copied().unwrap_or(0)));
    let pulse = number::<i64>(renewal)?.saturating_add(last).rem_euclid(1 << 50);
    Ok(pulse.to_string().into_bytes())
}

fn number<T: FromStr>(text: &[u8]) -> Result<T, Failure> {
    let number = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    number.ok_or(Failure::Unreadable("a lease's renewal is no number"))
}

/// The sessions of a user, each followed by its age.
pub(crate) fn members(reply: &Value) -> Result<Vec<Member>, Failure> {
    let Value::Array(items) = reply else { return Err(Failure::Odd) };
    let (pairs, _) = items.as_chunks();
    let member = |[key, since]: &[Value; 2]| {
        let Value::BulkString(key) = key else { return Err(Failure::Odd) };
        let key = session_key(key).ok_or(Failure::Unreadable("a session of a user is none"))?;
        Ok(Member { key, age: age(since)? })
    };
    pairs.iter().map(member).collect()
}

/// The microseconds since something was. The server's clock may have been set back meanwhile.
pub(crate) fn age(since: &Value) -> Result<Duration, Failure> {
    let Value::Int(since) = since else { return Err(Failure::Odd) };
    Ok(Duration::from_micros(u64::try_from(*since).unwrap_or(0)))
}

type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

fn record(pairs: &Pairs) -> Result<Record, Failure> {
    let (mut fields, mut deadline, mut unconfirmed, mut latest) = (Vec::new(), None, false, None);
    for (name, value) in pairs {
        match name.split_first() {
            Some((b'=', key)) => fields.push(read_field(key, value)?),
            Some((b'@', b"d")) => deadline = Some(parse_time(value)?),
            Some((b'@', b"u")) => unconfirmed = true,
            Some((b'@', b"x")) => latest = value.first_chunk().map(|id| TransactionId(u128::from_be_bytes(*id))),
            _ => {}
        }
    }
    let deadline = deadline.ok_or(Failure::Unreadable("it has no deadline"))?;
    Ok(Record { fields: fields.into_iter().collect(), deadline, unconfirmed, latest })
}

fn read_field(key: &[u8], value: &[u8]) -> Result<(FieldKey, Json), Failure> {
    let key = std::str::from_utf8(key).map_err(|_| Failure::Unreadable("the name of a field is no text"))?;
    // without the parser's own words, which may show what it has read
    let value = serde_json::from_slice(value).map_err(|_| Failure::Unreadable("the value of a field is no JSON"))?;
    Ok((key.to_owned().into(), value))
}

/// `HGETALL` answers with names and values in turn, or in pairs, according to the protocol.
fn pairs(hash: Value) -> Result<Pairs, Failure> {
    let bytes = |value| match value {
        Value::BulkString(bytes) => Ok(bytes),
        _ => Err(Failure::Unreadable("it is no hash of texts")),
    };
    match hash {
        Value::Map(pairs) => pairs.into_iter().map(|(name, value)| Ok((bytes(name)?, bytes(value)?))).collect(),
        Value::Array(items) => {
            let mut items = items.into_iter();
            let mut pairs = Vec::with_capacity(items.len() / 2);
            while let (Some(name), Some(value)) = (items.next(), items.next()) {
                pairs.push((bytes(name)?, bytes(value)?));
            }
            Ok(pairs)
        }
        _ => Err(Failure::Unreadable("it is no hash of texts")),
    }
}
