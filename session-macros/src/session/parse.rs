//! Stage one: the options of the struct and of its fields, and the item without them.

use super::rename::Case;
use crate::errors::{Errors, taught};
use crate::options::{Slot, choice, flag, read_all, text, value};
use crate::paths::krate;
use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::parse::Parser;
use syn::{Attribute, Expr, Field, Item, LitStr, Meta, Path};

/// `#[socket_session(prefix = "cart.", rename_all = "camelCase", on_corrupt = "default", crate = ::path)]`.
#[derive(Default)]
pub(crate) struct Args {
    pub(crate) prefix: Slot<LitStr>,
    pub(crate) rename_all: Slot<Case>,
    pub(crate) on_corrupt: Slot<OnCorrupt>,
    pub(crate) krate: Slot<Path>,
}

/// What becomes of a stored value that does not fit the field.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnCorrupt {
    Reject,
    Default,
}

fn on_corrupt(key: &Ident, input: syn::parse::ParseStream<'_>) -> syn::Result<OnCorrupt> {
    let choices = [("reject", OnCorrupt::Reject), ("default", OnCorrupt::Default)];
    choice(key, input, "on_corrupt = \"default\"", &choices)
}

pub(crate) fn args(tokens: TokenStream, errors: &Errors) -> Args {
    let mut args = Args::default();
    let read = |input: syn::parse::ParseStream<'_>| {
        read_all(input, errors, &["prefix", "rename_all", "on_corrupt", "crate"], |key, input| {
            match key.to_string().as_str() {
                "prefix" => args.prefix.fill(key, text(key, input, "prefix = \"cart.\"")),
                "rename_all" => args.rename_all.fill(key, choice(key, input, "rename_all = \"camelCase\"", &Case::ALL)),
                "on_corrupt" => args.on_corrupt.fill(key, on_corrupt(key, input)),
                _ => args.krate.fill(key, krate(key, input)),
            }
        });
        Ok(())
    };
    if let Err(error) = read.parse2(tokens) {
        errors.push(error);
    }
    args
}

/// `#[session(key = "userId", alias = "user", default = 1, migrate = path, on_corrupt = "default", skip, user)]`; several such attributes on one field add up.
#[derive(Default)]
pub(crate) struct FieldArgs {
    pub(crate) key: Slot<LitStr>,
    /// This one may be given several times.
    pub(crate) aliases: Vec<(Ident, LitStr)>,
    pub(crate) default: Slot<Expr>,
    pub(crate) migrate: Slot<Path>,
    pub(crate) on_corrupt: Slot<OnCorrupt>,
    pub(crate) skip: Slot<()>,
    pub(crate) user: Slot<()>,
}

/// The item as it is given back, and what our attributes on its fields said. What is reported here is taken out of it,
/// for the compiler would report it again.
pub(crate) struct Parsed {
    pub(crate) item: Item,
    pub(crate) fields: Vec<FieldArgs>,
}

pub(crate) fn item(tokens: TokenStream, errors: &Errors) -> syn::Result<Parsed> {
    let mut item: Item = syn::parse2(tokens)?;
    let (attrs, fields) = match &mut item {
        Item::Struct(item) => (&mut item.attrs, item.fields.iter_mut().map(|field| take(field, errors)).collect()),
        Item::Enum(item) => (&mut item.attrs, Vec::new()),
        Item::Union(item) => (&mut item.attrs, Vec::new()),
        other => {
            let first = other.to_token_stream().into_iter().next();
            let help = "write `#[socket_session] struct Visit { … }`";
            return Err(taught(first, "`#[socket_session]` goes on a struct with named fields", help));
        }
    };
    attrs.retain(|attr| !is_misplaced(attr, errors));
    Ok(Parsed { item, fields })
}

/// Options of the struct and of a field look alike; on the other they would have no effect.
fn is_misplaced(attr: &Attribute, errors: &Errors) -> bool {
    let path = attr.path();
    if path.is_ident("session") {
        errors.at(&attr.meta, "`#[session]` belongs on a field", "put it on a field, or write `#[socket_session(…)]`");
        return true;
    }
    let is_second = path.segments.last().is_some_and(|last| last.ident == "socket_session");
    if is_second {
        errors.at(&attr.meta, "`#[socket_session]` is given twice", "put all options into one attribute");
    }
    is_second
}

fn take(field: &mut Field, errors: &Errors) -> FieldArgs {
    let mut args = FieldArgs::default();
    field.attrs.retain(|attr| {
        let ours = attr.path().is_ident("session");
        if ours {
            read_field(attr, &mut args, errors);
        }
        !ours && !is_hidden(attr, errors)
    });
    // It parses, but only newer compilers know what it means, and not for a missing key.
    if let (Some((_, value)), Some(ident)) = (field.default.take(), &field.ident) {
        let help = format_args!("write `#[session(default = {})]` above `{ident}`", value.to_token_stream());
        errors.at(value, format_args!("session field `{ident}` has a default that the session would not use"), help);
    }
    args
}

/// We see `#[cfg_attr]` before the compiler has looked into it: the option would be lost.
fn is_hidden(attr: &Attribute, errors: &Errors) -> bool {
    let Meta::List(list) = &attr.meta else {
        return false;
    };
    let session = list.tokens.clone().into_iter().find(|token| token.to_string() == "session");
    let hidden = session.filter(|_| attr.path().is_ident("cfg_attr"));
    if let Some(hidden) = &hidden {
        let help = "write the field twice, each under its `#[cfg(…)]`";
        errors.at(hidden, "`#[session]` inside `#[cfg_attr]` is not seen", help);
    }
    hidden.is_some()
}

fn read_field(attr: &Attribute, args: &mut FieldArgs, errors: &Errors) {
    let help = "write `#[session(key = \"userId\")]`, `#[session(default = 1)]` or `#[session(skip)]`";
    let Meta::List(list) = &attr.meta else {
        return errors.at(&attr.meta, "`#[session]` needs options in parentheses", help);
    };
    if list.tokens.is_empty() {
        return errors.at(&attr.meta, "`#[session]` says nothing", help);
    }
    let read = |input: syn::parse::ParseStream<'_>| {
        read_all(input, errors, &["key", "alias", "default", "migrate", "on_corrupt", "skip", "user"], |key, input| {
            match key.to_string().as_str() {
                "key" => args.key.fill(key, text(key, input, "key = \"userId\"")),
                "alias" => {
                    args.aliases.push((key.clone(), text(key, input, "alias = \"oldKey\"")?));
                    Ok(())
                }
                "migrate" => args.migrate.fill(key, value(key, input, "migrate = from_old")),
                "on_corrupt" => args.on_corrupt.fill(key, on_corrupt(key, input)),
                "default" => args.default.fill(key, value(key, input, "default = 1")),
                "user" => args.user.fill(key, flag(key, input)),
                _ => args.skip.fill(key, flag(key, input)),
            }
        });
        Ok(())
    };
    if let Err(error) = read.parse2(list.tokens.clone()) {
        errors.push(error);
    }
}
