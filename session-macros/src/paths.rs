//! Where generated code finds the runtime: the only place that spells its name.

use crate::errors::taught;
use crate::options::value;
use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::parse::ParseStream;
use syn::{Path, Visibility};

/// `crate = path`, for those who re-export the library. Generated code stands in the user's own module, where a
/// relative path may mean something else: so it must be absolute.
pub(crate) fn krate(key: &Ident, input: ParseStream<'_>) -> syn::Result<Path> {
    let path: Path = value(key, input, "crate = ::path")?;
    let from_root = path.segments.first().is_some_and(|first| first.ident == "crate");
    if path.leading_colon.is_none() && !from_root {
        let written = path.to_token_stream().to_string().replace(' ', "");
        let help = format_args!("write `crate = ::{written}` or `crate = crate::{written}`");
        return Err(taught(path, "the path of `crate` is not absolute", help));
    }
    Ok(path)
}

/// The runtime's module for generated code. Where the library's own name is missing, the error is at `span`.
pub(crate) fn runtime(krate: Option<&Path>, span: Span) -> TokenStream {
    let path = krate.map_or_else(|| quote_spanned!(span=> ::socket_session), ToTokens::to_token_stream);
    quote_spanned!(span=> #path::__private)
}

/// The place of the user's token, marked as generated: errors are shown there, lints see that the code is not the
/// user's, and a local variable hides nothing of theirs (a handler may be named `views`).
pub(crate) fn generated(span: Span) -> Span {
    span.resolved_at(Span::mixed_site())
}

/// The same visibility, marked as generated: lints look at it for a whole item.
pub(crate) fn visibility(vis: &Visibility) -> TokenStream {
    fn mark(tokens: TokenStream) -> TokenStream {
        let mark_one = |mut token: TokenTree| {
            if let TokenTree::Group(group) = &token {
                token = Group::new(group.delimiter(), mark(group.stream())).into();
            }
            token.set_span(generated(token.span()));
            token
        };
        tokens.into_iter().map(mark_one).collect()
    }
    mark(vis.to_token_stream())
}

/// The type's own name in place of `Self`, which means another type in what is generated.
pub(crate) fn named(tokens: TokenStream, owner: &impl ToTokens) -> TokenStream {
    let replaced = tokens.into_iter().map(|token| match token {
        TokenTree::Ident(ident) if ident == "Self" => located(owner.to_token_stream(), ident.span()),
        TokenTree::Group(group) => {
            let mut replaced = Group::new(group.delimiter(), named(group.stream(), owner));
            replaced.set_span(group.span());
            TokenTree::Group(replaced).into()
        }
        other => other.into(),
    });
    replaced.collect()
}

/// The same tokens, for the compiler to show there.
pub(crate) fn located(tokens: TokenStream, place: Span) -> TokenStream {
    let moved = tokens.into_iter().map(|mut token| {
        token.set_span(token.span().located_at(place));
        token
    });
    moved.collect()
}
