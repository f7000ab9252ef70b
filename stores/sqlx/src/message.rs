//! What nodes tell each other, as text. A message names a session by its key, which is a hash, and never by its id.

use socket_session::{
    SessionKey,
    store::{Ending, NodeId, Notice, Telling},
};

use crate::encoding::{hex, session_key};

/// A notice as text, if it is one that is sent.
pub(crate) fn write(notice: &Notice) -> Option<String> {
    match notice {
        Notice::Offered(key) => Some(offered(key)),
        Notice::Ended { key, by, how } => Some(format!("ended {} {:032x} {}", hex(key.as_bytes()), by.0, how.as_str())),
        Notice::Told { key, by, what } => Some(format!("told {} {:032x} {}", hex(key.as_bytes()), by.0, what.as_str())),
        Notice::Missed => None,
    }
}

/// Tells a node that a lease is offered to it. (The functions in Postgres write the same.)
fn offered(key: &SessionKey) -> String {
    format!("offered {}", hex(key.as_bytes()))
}

/// What a message says; `None` if a later version of this crate says it.
pub(crate) fn read(message: &str) -> Option<Notice> {
    let mut words = message.split(' ');
    let (kind, key) = (words.next()?, session_key(words.next()?)?);
    match kind {
        "offered" => Some(Notice::Offered(key)),
        "ended" | "told" => {
            let by = NodeId(u128::from_str_radix(words.next()?, 16).ok()?);
            let word = words.next()?;
            match kind {
                "ended" => Some(Notice::Ended { key, by, how: Ending::named(word)? }),
                _ => Some(Notice::Told { key, by, what: Telling::named(word)? }),
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_as_they_were_written() {
        let key = SessionKey::from([7; 32]);
        let ended = Ending::ALL.map(|how| Notice::Ended { key, by: NodeId(9), how });
        let told = Telling::ALL.map(|what| Notice::Told { key, by: NodeId(9), what });
        for notice in [[Notice::Offered(key)].as_slice(), &ended, &told].concat() {
            assert_eq!(write(&notice).as_deref().and_then(read), Some(notice));
        }
        assert_eq!(write(&Notice::Missed), None);
        for other in ["", "offered", "offered 07", "renamed 07", &format!("ended {} 9 well", hex(key.as_bytes()))] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
