//! The packets of Socket.IO that a server sends, inside of Engine.IO messages.

use bytes::Bytes;

/// Something that the server sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packet {
    /// The socket is in its namespace.
    Connected,
    /// It is not: the message of the error.
    Refused(String),
    /// An acknowledgement: its arguments, as a JSON array.
    Ack(u64, Bytes),
    /// An event: its name and arguments, as a JSON array.
    Event(Bytes),
    /// The server has disconnected the socket, for good.
    Disconnected,
    /// The transport has ended.
    Closed,
}

/// What the transport is to do with an Engine.IO packet.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Received {
    Packet(Packet),
    Ping,
    /// Nothing that matters here.
    Other,
}

impl Packet {
    /// The number that an acknowledgement carries as its only argument.
    pub fn number(&self) -> Option<u64> {
        let Self::Ack(_, arguments) = self else { return None };
        let text = std::str::from_utf8(arguments).ok()?;
        text.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
    }

    /// The code of the error that an acknowledgement carries.
    pub fn error_code(&self) -> Option<String> {
        let value = self.json()?;
        Some(value.pointer("/0/error/code")?.as_str()?.to_owned())
    }

    /// The arguments of an acknowledgement, or an event with its name.
    pub fn json(&self) -> Option<serde_json::Value> {
        match self {
            Self::Ack(_, bytes) | Self::Event(bytes) => serde_json::from_slice(bytes).ok(),
            _ => None,
        }
    }
}

/// Reads an Engine.IO packet that carries text.
pub(crate) fn read(packet: &Bytes) -> Received {
    match packet.first() {
        Some(b'2') => Received::Ping,
        Some(b'1') => Received::Packet(Packet::Closed),
        Some(b'4') => message(&packet.slice(1..)).map_or(Received::Other, Received::Packet),
        _ => Received::Other,
    }
}

fn message(packet: &Bytes) -> Option<Packet> {
    let kind = *packet.first()?;
    let mut rest = packet.slice(1..);
    if rest.first() == Some(&b'/') {
        let comma = rest.iter().position(|byte| *byte == b',')?;
        rest = rest.slice(comma + 1..);
    }
    match kind {
        b'0' => Some(Packet::Connected),
        b'1' => Some(Packet::Disconnected),
        b'2' => Some(Packet::Event(rest)),
        b'3' => {
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let id = std::str::from_utf8(rest.get(..digits)?).ok()?.parse().ok()?;
            Some(Packet::Ack(id, rest.slice(digits..)))
        }
        b'4' => {
            let error: serde_json::Value = serde_json::from_slice(&rest).ok()?;
            let message = error.get("message").and_then(serde_json::Value::as_str).unwrap_or_default();
            Some(Packet::Refused(message.to_owned()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(text: &'static str) -> Option<Packet> {
        match read(&Bytes::from_static(text.as_bytes())) {
            Received::Packet(packet) => Some(packet),
            Received::Ping | Received::Other => None,
        }
    }

    #[test]
    fn reads_what_a_server_sends() {
        assert_eq!(packet("40{\"sid\":\"x\"}"), Some(Packet::Connected));
        assert_eq!(packet("40/visitors,{\"sid\":\"x\"}"), Some(Packet::Connected));
        assert_eq!(packet("44{\"message\":\"unauthorized\"}"), Some(Packet::Refused("unauthorized".to_owned())));
        assert_eq!(packet("41"), Some(Packet::Disconnected));
        assert_eq!(packet("1"), Some(Packet::Closed));
        assert_eq!(read(&Bytes::from_static(b"2")), Received::Ping);
        let ack = packet("43/visitors,12[345]").unwrap();
        assert_eq!((ack.number(), ack.error_code()), (Some(345), None));
        let error = packet("437[{\"error\":{\"code\":\"timeout\",\"message\":\"…\"}}]").unwrap();
        assert_eq!((error.number(), error.error_code().as_deref()), (None, Some("timeout")));
        assert_eq!(packet("42[\"current count\",1]").unwrap().json().unwrap()[1], 1);
        assert_eq!((packet("3probe"), packet("43"), packet("")), (None, None, None));
    }
}
