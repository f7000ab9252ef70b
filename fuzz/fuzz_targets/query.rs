//! The query of a Socket.IO request, and its path.
#![no_main]

use libfuzzer_sys::fuzz_target;
use socket_session_runtime::properties;

fuzz_target!(|text: &str| {
    properties::query(text);
    properties::query(&format!("EIO=4&transport=polling&{text}"));
    properties::path(text);
    properties::path(&format!("/socket.io{text}"));
});
