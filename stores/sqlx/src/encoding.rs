//! How fields are written in both databases: a key as readable text, a value as JSON text, both exact.

use std::{borrow::Cow, collections::HashSet};

use data_encoding::HEXLOWER;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use socket_session::{
    SessionKey,
    store::{FieldKey, Patch, Record},
};

/// How deep a JSON text may be nested, for the parser to read it again.
const DEPTH: usize = 127;

/// How long a name may be. A row of an index of Postgres has 2,704 bytes.
const LONGEST: usize = 1_000;

/// What the name of a key begins with that is too long to be a name. No JSON text has this escape.
const LONG: &str = "\\#";

#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum EncodingError {
    #[error("a value is nested too deep to be read again: 127 lists and maps in each other are the most")]
    TooDeep,
    #[error("what is stored for a session cannot be read: {0}")]
    Unreadable(&'static str),
}

const NAME: EncodingError = EncodingError::Unreadable("the name of a field is no JSON string's text");
const VALUE: EncodingError = EncodingError::Unreadable("the value of a field is no JSON");

/// Fields to be written: the names, and the values in the same order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Written {
    pub(crate) names: Vec<String>,
    pub(crate) values: Vec<String>,
}

impl Written {
    pub(crate) fn of_record(record: &Record) -> Result<Self, EncodingError> {
        let mut written = Self::default();
        record.fields.iter().try_for_each(|(key, value)| written.push(key, value))?;
        Ok(written)
    }

    /// What a patch sets, each key once.
    pub(crate) fn of_patch(patch: &Patch) -> Result<Self, EncodingError> {
        let mut written = Self::default();
        if let [(key, value)] = &patch.set[..] {
            written.push(key, value)?;
            return Ok(written);
        }
        let mut seen = HashSet::new();
        // what it says last of a key counts
        for (key, value) in patch.set.iter().rev() {
            if seen.insert(key.as_ref()) {
                written.push(key, value)?;
            }
        }
        Ok(written)
    }

    fn push(&mut self, key: &str, value: &Value) -> Result<(), EncodingError> {
        let name = name(key);
        // the hash is no key: that goes along with the value
        let value = if name.starts_with(LONG) {
            Cow::Owned(Value::from([Value::from(key), value.clone()]))
        } else {
            Cow::Borrowed(value)
        };
        if depth(&value) > DEPTH {
            return Err(EncodingError::TooDeep);
        }
        self.names.push(name.into_owned());
        self.values.push(value.to_string());
        Ok(())
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// A key as text that every column of text can hold and every index can index: as JSON writes it between quotation
/// marks, or its hash if it is too long.
pub(crate) fn name(key: &str) -> Cow<'_, str> {
    let plain = !key.bytes().any(|byte| byte < 0x20 || byte == b'"' || byte == b'\\');
    if plain && key.len() <= LONGEST {
        return Cow::Borrowed(key);
    }
    let quoted = Value::from(key).to_string();
    let name = quoted.trim_start_matches('"');
    let name = name.strip_suffix('"').unwrap_or(name);
    if name.len() <= LONGEST {
        return Cow::Owned(name.to_owned());
    }
    Cow::Owned(format!("{LONG}{}", hex(&Sha256::digest(key))))
}

/// What [`Written`] has written.
pub(crate) fn read(name: &str, value: &str) -> Result<(FieldKey, Value), EncodingError> {
    // without the parser's own words, which may show what it has read
    let value = serde_json::from_str(value).map_err(|_| VALUE)?;
    if name.starts_with(LONG) {
        let Value::Array(pair) = value else { return Err(VALUE) };
        let Ok([Value::String(key), value]) = <[Value; 2]>::try_from(pair) else { return Err(VALUE) };
        return Ok((key.into(), value));
    }
    if !name.contains('\\') {
        return Ok((name.to_owned().into(), value));
    }
    let key: String = serde_json::from_str(&format!("\"{name}\"")).map_err(|_| NAME)?;
    Ok((key.into(), value))
}

/// Hexadecimal digits; those of a key are the ones of which logs show the first 16.
pub(crate) fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

/// What [`hex`] has written.
pub(crate) fn session_key(hex: &str) -> Option<SessionKey> {
    let bytes: [u8; 32] = HEXLOWER.decode(hex.as_bytes()).ok()?.try_into().ok()?;
    Some(SessionKey::from(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comes_back(key: &str, name_is: impl Fn(&str) -> bool) {
        let mut written = Written::default();
        written.push(key, &Value::from(1)).unwrap();
        let (name, value) = (&written.names[0], &written.values[0]);
        assert!(name_is(name), "{name}");
        assert!(name.len() <= LONGEST && !name.contains('\0'));
        assert_eq!(read(name, value).unwrap(), (key.to_owned().into(), Value::from(1)));
    }

    #[test]
    fn keys_come_back() {
        for key in ["", "count", "ä 漢", "a.b:c=d@e", "#"] {
            comes_back(key, |name| name == key);
        }
        comes_back("a\0b", |name| name == "a\\u0000b");
        comes_back("\\u0000", |name| name == "\\\\u0000");
        comes_back("\\#", |name| name == "\\\\#");
        comes_back("\"", |name| name == "\\\"");
        comes_back("\"a\"\"", |name| name == "\\\"a\\\"\\\"");
        comes_back(&"x".repeat(LONGEST), |name| name.len() == LONGEST);
        comes_back(&"x".repeat(LONGEST + 1), |name| name.len() == 2 + 64);
        comes_back(&"\0".repeat(LONGEST), |name| name.starts_with(LONG));
        comes_back(&"ä".repeat(LONGEST), |name| name.starts_with(LONG));
    }

    #[test]
    fn the_last_of_a_key_counts() {
        let set = [("a", 1), ("b", 2), ("a", 3)].map(|(key, value)| (key.into(), Value::from(value)));
        let written = Written::of_patch(&Patch { set: set.to_vec(), ..Patch::new() }).unwrap();
        assert_eq!((written.names, written.values), (vec!["a".into(), "b".into()], vec!["3".into(), "2".into()]));
    }

    #[test]
    fn what_cannot_be_read_again_is_not_written() {
        let nested = |depth| (0..depth).fold(Value::Null, |inner, _| Value::from([inner]));
        let mut written = Written::default();
        written.push("deep", &nested(DEPTH)).unwrap();
        assert!(read(&written.names[0], &written.values[0]).is_ok());
        assert!(written.push("deep", &nested(DEPTH + 1)).is_err());
        // a long key takes a level
        assert!(written.push(&"x".repeat(2 * LONGEST), &nested(DEPTH)).is_err());
        written.push(&"x".repeat(2 * LONGEST), &nested(DEPTH - 1)).unwrap();
        assert!(read(&written.names[1], &written.values[1]).is_ok());
    }

    #[test]
    fn session_keys_come_back() {
        let key = SessionKey::from([0xa5; 32]);
        assert_eq!(session_key(&hex(key.as_bytes())), Some(key));
        assert_eq!((session_key("a5"), session_key(&"ä".repeat(32))), (None, None));
    }
}
