//! `#[socket_session]`: a struct with named fields becomes a view of the session record.

mod check;
mod expand;
mod model;
mod parse;
mod rename;

use crate::errors::Errors;
use model::Session;
use proc_macro2::TokenStream;
use quote::quote;

pub(crate) fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    let errors = Errors::default();
    let args = parse::args(args, &errors);
    let parsed = match parse::item(item.clone(), &errors) {
        Ok(parsed) => parsed,
        Err(error) => {
            errors.push(error);
            return errors.behind(item);
        }
    };
    let session = Session::new(&args, &parsed);
    let generated = match check::check(&errors, &session) {
        Some(checked) => expand::session(&checked),
        None => expand::stub(&session),
    };
    let original = &parsed.item;
    errors.behind(quote!(#original #generated))
}
