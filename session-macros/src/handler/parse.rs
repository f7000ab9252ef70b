//! Stage one: the attribute's arguments, and the function's signature. The body stays raw tokens, so that a syntax
//! error while somebody types in it does not take the handler away.

use super::model::Kind;
use crate::errors::{Errors, taught};
use crate::options::{Slot, read_all, text, up_to_comma, value};
use crate::paths::krate;
use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, TokenStreamExt};
use std::time::Duration;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Attribute, Item, Lit, LitStr, Path, Signature, Token, Visibility};

/// `#[on("event", guard = path, fresh = "5s", crate = ::path)]`.
#[derive(Default)]
pub(crate) struct Args {
    pub(crate) event: Option<LitStr>,
    pub(crate) guard: Slot<Path>,
    pub(crate) fresh: Slot<Duration>,
    pub(crate) krate: Slot<Path>,
}

pub(crate) fn args(kind: Kind, tokens: TokenStream, errors: &Errors) -> Args {
    let mut args = Args::default();
    let read = |input: ParseStream<'_>| {
        match name(kind, input) {
            Ok(event) => args.event = event,
            Err(error) => errors.push(error),
        }
        let known: &[&str] = if kind == Kind::Event { &["guard", "fresh", "crate"] } else { &["crate"] };
        read_all(input, errors, known, |key, input| match key.to_string().as_str() {
            "guard" => args.guard.fill(key, guard(key, input)),
            "fresh" => args.fresh.fill(key, duration(key, input)),
            _ => args.krate.fill(key, krate(key, input)),
        });
        Ok(())
    };
    if let Err(error) = read.parse2(tokens) {
        errors.push(error);
    }
    args
}

/// The event's name, which stands first; only `#[on]` has one.
fn name(kind: Kind, input: ParseStream<'_>) -> syn::Result<Option<LitStr>> {
    let attribute = kind.attribute();
    if kind != Kind::Event {
        if input.peek(Lit) {
            let found = up_to_comma(input);
            let _: Result<Token![,], _> = input.parse();
            let wrong = format_args!("`#[{attribute}]` takes no event name");
            return Err(taught(found, wrong, format_args!("write `#[{attribute}]`")));
        }
        return Ok(None);
    }
    if input.is_empty() || (input.peek(Ident::peek_any) && input.peek2(Token![=])) {
        let wrong = "the name of the event is missing\nhelp: write `#[on(\"my event\")]`";
        return Err(syn::Error::new(input.span(), wrong));
    }
    let first = up_to_comma(input);
    if input.peek(Token![,]) && input.peek2(Lit) {
        input.parse::<Token![,]>()?;
        let second = up_to_comma(input);
        let _: Result<Token![,], _> = input.parse();
        let help = "write a second function, and let both call a third";
        return Err(taught(second, "an event handler has one event", help));
    }
    let _: Result<Token![,], _> = input.parse();
    syn::parse2(first.clone()).map(Some).map_err(|_| {
        let wrong = "the name of the event is not a string literal";
        taught(&first, wrong, "write the name itself, such as `#[on(\"my event\")]`")
    })
}

fn guard(key: &Ident, input: ParseStream<'_>) -> syn::Result<Path> {
    value(key, input, "guard = is_admin")
}

/// `"5s"`, with the units that people write.
fn duration(key: &Ident, input: ParseStream<'_>) -> syn::Result<Duration> {
    let written = text(key, input, "fresh = \"5s\"")?;
    let value = written.value();
    let (number, unit) = value.split_at(value.find(|c: char| !c.is_ascii_digit()).unwrap_or(value.len()));
    let unit = match unit.trim() {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        _ => 0,
    };
    match number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit)) {
        Some(millis) if millis > 0 => Ok(Duration::from_millis(millis)),
        _ => {
            let wrong = format_args!("option `{key}` is not a time");
            Err(taught(&written, wrong, "write a number and `ms`, `s` or `m`: `fresh = \"5s\"`"))
        }
    }
}

/// A function whose body nobody has read.
#[derive(Clone)]
pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    body: TokenStream,
}

impl Function {
    /// One of several in an `impl`.
    pub(crate) fn method(input: ParseStream<'_>) -> syn::Result<Self> {
        let (attrs, vis, sig) = (input.call(Attribute::parse_outer)?, input.parse()?, input.parse()?);
        let body: TokenTree = input.parse()?;
        Ok(Self { attrs, vis, sig, body: body.into() })
    }
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        Ok(Self {
            attrs: input.call(Attribute::parse_outer)?,
            vis: input.parse()?,
            sig: input.parse()?,
            body: input.parse()?,
        })
    }
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.append_all(self.attrs.iter().filter(|attr| handler_attribute(attr).is_none()));
        self.vis.to_tokens(tokens);
        self.sig.to_tokens(tokens);
        self.body.to_tokens(tokens);
    }
}

pub(crate) fn function(kind: Kind, tokens: TokenStream) -> syn::Result<Function> {
    syn::parse2(tokens.clone()).map_err(|error| match syn::parse2(tokens) {
        Ok(Item::Fn(_)) | Err(_) => error,
        Ok(other) => {
            let first = other.to_token_stream().into_iter().next();
            let attribute = kind.attribute();
            let wrong = format_args!("`#[{attribute}]` goes on an async function");
            taught(first, wrong, format_args!("write `#[{attribute}{}] async fn …`", kind.example()))
        }
    })
}

/// Which of our attributes this is. A second one on a function would register nothing that the first one did not.
pub(crate) fn handler_attribute(attr: &Attribute) -> Option<String> {
    const OURS: [&str; 5] = ["on", "on_connect", "on_disconnect", "on_fallback", "guard"];
    let segments = &attr.path().segments;
    let is_ours = segments.len() == 1 || segments.first().is_some_and(|first| first.ident == "socket_session");
    let last = segments.last().filter(|_| is_ours)?.ident.to_string();
    OURS.contains(&last.as_str()).then_some(last)
}
