//! `Origin`, `Host`, `X-Forwarded-Host` and `Forwarded`: one a line.
#![no_main]

use libfuzzer_sys::fuzz_target;
use socket_session_runtime::properties;

fuzz_target!(|headers: &[u8]| {
    let mut lines = headers.splitn(4, |byte| *byte == b'\n');
    let mut line = || lines.next().unwrap_or_default();
    properties::origin(line(), line(), line(), line());
});
