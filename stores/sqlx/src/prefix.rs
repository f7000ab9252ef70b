//! The prefix of the tables' names: the only text that gets into SQL, so it is checked.

/// What the names of the tables begin with.
#[derive(Clone, Debug)]
pub(crate) struct Prefix(String);

/// A name that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the table prefix `{0}` is not a lowercase letter or `_`, and up to 20 of these and digits after it")]
pub(crate) struct BadPrefix(pub(crate) String);

impl Prefix {
    pub(crate) const DEFAULT: &str = "socket_session";

    pub(crate) fn new(name: &str) -> Result<Self, BadPrefix> {
        let starts = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
        let (first, rest) = (name.bytes().next(), name.bytes().skip(1));
        let good = first.is_some_and(starts)
            && name.len() <= 21
            && rest.into_iter().all(|byte| starts(byte) || byte.is_ascii_digit());
        if good { Ok(Self(name.to_owned())) } else { Err(BadPrefix(name.to_owned())) }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// SQL with the names of this prefix.
    pub(crate) fn fill(&self, sql: &str) -> String {
        sql.replace("{p}", &self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_plain_names() {
        for good in ["a", "_", "socket_session", "shop_2", "abcdefghijklmnopqrstu"] {
            assert!(Prefix::new(good).is_ok(), "{good}");
        }
        let bad =
            ["", "2a", "A", "ä", "a-b", "a b", "a\"", "a;--", "a'", "a.b", "a\0", "abcdefghijklmnopqrstuv", "{p}"];
        for bad in bad {
            assert_eq!(Prefix::new(bad).err(), Some(BadPrefix(bad.to_owned())));
        }
    }
}
