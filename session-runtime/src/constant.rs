//! What a constant can do: compare texts, and refuse to be evaluated.

pub(crate) const fn same(left: &str, right: &str) -> bool {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    if left.len() != right.len() {
        return false;
    }
    let mut index = 0;
    while index < left.len() {
        if left[index] != right[index] {
            return false;
        }
        index += 1;
    }
    true
}

/// A constant can panic with any text, but cannot format one.
#[track_caller]
#[expect(clippy::panic, reason = "evaluated in a `const` only")]
pub(crate) const fn refuse(parts: [&str; 3]) -> ! {
    let mut text = [b' '; 256];
    let mut length = 0;
    let mut part = 0;
    while part < parts.len() {
        let bytes = parts[part].as_bytes();
        let mut index = 0;
        while index < bytes.len() && length < text.len() {
            text[length] = bytes[index];
            length += 1;
            index += 1;
        }
        part += 1;
    }
    match std::str::from_utf8(text.split_at(length).0) {
        Ok(text) => panic!("{}", text),
        Err(_) => panic!("a name is given twice"),
    }
}
