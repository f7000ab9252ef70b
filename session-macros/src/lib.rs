//! The attribute macros of `socket-session`. Use them through that crate: their documentation is on its
//! re-exports, where the examples can run.
//!
//! Each macro is a pipeline of four stages, one module each: `parse` (tokens to syntax), `model` (questions
//! about the syntax), `check` (the rules) and `expand` (tokens again).
#![expect(missing_docs, reason = "each macro is documented where the facade re-exports it")]

mod errors;
mod events;
mod handler;
mod options;
mod paths;
mod server_event;
mod session;
#[cfg(test)]
mod tests;

use handler::Kind;
use proc_macro::TokenStream;

#[proc_macro_attribute]
pub fn socket_session(args: TokenStream, item: TokenStream) -> TokenStream {
    session::expand(args.into(), item.into()).into()
}

#[proc_macro_attribute]
pub fn socket_events(args: TokenStream, item: TokenStream) -> TokenStream {
    events::expand(args.into(), item.into()).into()
}

#[proc_macro_attribute]
pub fn on(args: TokenStream, item: TokenStream) -> TokenStream {
    handler::expand(Kind::Event, args.into(), item.into()).into()
}

#[proc_macro_attribute]
pub fn on_connect(args: TokenStream, item: TokenStream) -> TokenStream {
    handler::expand(Kind::Connect, args.into(), item.into()).into()
}

#[proc_macro_attribute]
pub fn on_disconnect(args: TokenStream, item: TokenStream) -> TokenStream {
    handler::expand(Kind::Disconnect, args.into(), item.into()).into()
}

#[proc_macro_attribute]
pub fn on_fallback(args: TokenStream, item: TokenStream) -> TokenStream {
    handler::expand(Kind::Fallback, args.into(), item.into()).into()
}

#[proc_macro_attribute]
pub fn guard(args: TokenStream, item: TokenStream) -> TokenStream {
    handler::expand(Kind::Guard, args.into(), item.into()).into()
}

#[proc_macro_attribute]
pub fn server_event(args: TokenStream, item: TokenStream) -> TokenStream {
    server_event::expand(args.into(), item.into()).into()
}
