//! `#[on]`, `#[on_connect]`, `#[on_disconnect]`, `#[on_fallback]` and `#[guard]`: an async function becomes a type
//! that a namespace can register. They differ by a [`Kind`], not by files.

mod check;
mod expand;
mod guard;
mod model;
mod params;
mod parse;

pub(crate) use expand::docs;
pub(crate) use model::{Handler, Kind};
pub(crate) use parse::{Args, Function, args, handler_attribute};

use crate::errors::Errors;
use proc_macro2::TokenStream;
use quote::quote;

pub(crate) fn expand(kind: Kind, args: TokenStream, item: TokenStream) -> TokenStream {
    let errors = Errors::default();
    let args = parse::args(kind, args, &errors);
    let function = match parse::function(kind, item.clone()) {
        Ok(function) => function,
        Err(error) => {
            errors.push(error);
            return errors.behind(item);
        }
    };
    let generated = generate(&errors, &Handler::new(kind, &args, &function));
    errors.behind(quote!(#function #generated))
}

/// The type of its name and what makes that a handler, or what stands in for one with mistakes.
pub(crate) fn generate(errors: &Errors, handler: &Handler<'_>) -> TokenStream {
    match check::check(errors, handler) {
        Some(checked) => expand::handler(&checked),
        None => expand::stub(handler),
    }
}
