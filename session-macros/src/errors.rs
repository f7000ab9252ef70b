//! Every mistake in an item is reported, not only the first: rules push here and go on.

use proc_macro2::TokenStream;
use quote::ToTokens;
use std::cell::RefCell;
use std::fmt::Display;

#[derive(Default)]
pub(crate) struct Errors(RefCell<Vec<syn::Error>>);

impl Errors {
    /// `wrong` is what is wrong, `help` what to type instead, `tokens` the fewest that must change.
    pub(crate) fn at(&self, tokens: impl ToTokens, wrong: impl Display, help: impl Display) {
        self.push(taught(tokens, wrong, help));
    }

    pub(crate) fn push(&self, error: syn::Error) {
        self.0.borrow_mut().push(error);
    }

    /// Takes over those of a part, which was judged by itself.
    pub(crate) fn absorb(&self, part: Self) {
        self.0.borrow_mut().extend(part.0.into_inner());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    /// The errors behind `tokens`: the item itself always stays, so that one mistake does not become
    /// "cannot find …" at every use of it.
    pub(crate) fn behind(self, mut tokens: TokenStream) -> TokenStream {
        tokens.extend(self.0.into_inner().iter().map(syn::Error::to_compile_error));
        tokens
    }
}

/// The one form of every message: lower case, what is wrong, then what to type.
pub(crate) fn taught(tokens: impl ToTokens, wrong: impl Display, help: impl Display) -> syn::Error {
    syn::Error::new_spanned(tokens, format_args!("{wrong}\nhelp: {help}"))
}
