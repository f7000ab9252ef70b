//! Part of stage four: `guard = path`.

use crate::paths::generated;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote_spanned};
use syn::Path;
use syn::spanned::Spanned;

/// The function that `guard = path` names, and the type that tells which kind of guard it is.
pub(crate) struct Guard {
    /// An import takes the function, and its type too where it is under `#[guard]`; the glob fills in the type where
    /// there is none. An associated function cannot be imported, and is never under `#[guard]`.
    pub(crate) imports: Option<TokenStream>,
    value: TokenStream,
    rt: TokenStream,
    pub(crate) ty: TokenStream,
    span: Span,
}

impl Guard {
    pub(crate) fn new(rt: &TokenStream, path: &Path) -> Self {
        let span = generated(path.span());
        let name = format_ident!("__SocketSessionGuard", span = span);
        if is_associated(path) {
            let ty = quote_spanned!(span=> #rt::plain_guard::#name);
            return Self { imports: None, value: path.to_token_stream(), rt: rt.clone(), ty, span };
        }
        let imports = quote_spanned! {span=>
            use #rt::plain_guard::*;
            use #path as #name;
        };
        let name = name.into_token_stream();
        Self { imports: Some(imports), value: name.clone(), rt: rt.clone(), ty: name, span }
    }

    pub(crate) fn function(&self, adapter: &Ident) -> TokenStream {
        let Self { value, rt, ty, span, .. } = self;
        quote_spanned! {*span=>
            fn guard() -> ::core::option::Option<#rt::EventGuard<#adapter>> {
                ::core::option::Option::Some(#rt::event_guard::<#adapter, #ty, _, _>(#value))
            }
        }
    }
}

/// `Visit::is_admin`: by the custom of capital letters, which is all that tokens show.
fn is_associated(path: &Path) -> bool {
    let mut from_last = path.segments.iter().rev();
    let has_arguments = from_last.next().is_some_and(|last| !last.arguments.is_none());
    let of_type = from_last.next().is_some_and(|owner| owner.ident.to_string().starts_with(char::is_uppercase));
    has_arguments || of_type
}
