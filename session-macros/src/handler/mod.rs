//! `#[on]`, `#[on_connect]`, `#[on_disconnect]`, `#[on_fallback]` and `#[guard]`: an async function becomes a type
//! that a namespace can register. They differ by a [`Kind`], not by files.

mod check;
mod expand;
mod guard;
mod model;
mod params;
mod parse;

pub(crate) use expand::docs;
pub(crate) use model::Kind;

use crate::errors::Errors;
use model::Handler;
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
    let handler = Handler::new(kind, &args, &function);
    let generated = match check::check(&errors, &handler) {
        Some(checked) => expand::handler(&checked),
        None => expand::stub(&handler),
    };
    errors.behind(quote!(#function #generated))
}
