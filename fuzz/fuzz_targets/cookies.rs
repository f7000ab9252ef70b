//! The `Cookie` header.
#![no_main]

use libfuzzer_sys::fuzz_target;
use socket_session_runtime::properties;

fuzz_target!(|value: &[u8]| {
    properties::cookies(value);
    properties::cookies(&[b"sid=", value].concat());
});
