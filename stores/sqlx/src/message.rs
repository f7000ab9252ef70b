//! What nodes tell each other, as text. A message names a session by its key, which is a hash, and never by its id.

use socket_session::{
    SessionKey,
    store::{Ending, NodeId, Notice},
};

use crate::encoding::{hex, session_key};

/// A notice as text, if it is one that is sent.
pub(crate) fn write(notice: &Notice) -> Option<String> {
    match notice {
        Notice::Offered(key) => Some(offered(key)),
        Notice::Ended { key, by, how } => {
            let how = match how {
                Ending::Destroyed => "destroyed",
                Ending::Rotated => "rotated",
            };
            Some(format!("ended {} {:032x} {how}", hex(key.as_bytes()), by.0))
        }
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
        "ended" => {
            let by = NodeId(u128::from_str_radix(words.next()?, 16).ok()?);
            let how = match words.next()? {
                "destroyed" => Ending::Destroyed,
                "rotated" => Ending::Rotated,
                _ => return None,
            };
            Some(Notice::Ended { key, by, how })
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
        let ended = |how| Notice::Ended { key, by: NodeId(9), how };
        for notice in [Notice::Offered(key), ended(Ending::Destroyed), ended(Ending::Rotated)] {
            assert_eq!(write(&notice).as_deref().and_then(read), Some(notice));
        }
        assert_eq!(write(&Notice::Missed), None);
        for other in ["", "offered", "offered 07", "renamed 07", &format!("ended {} 9 well", hex(key.as_bytes()))] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
