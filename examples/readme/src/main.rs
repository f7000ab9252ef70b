//! The program of the README, word for word. It is included, because rustfmt would lay it out anew.

include!("program.rs");
