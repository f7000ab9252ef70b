//! Stage three: one function for each rule, and above it why the rule exists.

use super::model::{Field, Session};
use crate::errors::Errors;
use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use std::collections::HashMap;
use syn::{Fields, GenericArgument, GenericParam, Item, PathArguments, Type, TypeReference};

/// A session struct that broke no rule: the only thing that can be expanded.
pub(crate) struct Checked<'a>(pub(crate) &'a Session<'a>);

pub(crate) fn check<'a>(errors: &Errors, session: &'a Session<'a>) -> Option<Checked<'a>> {
    check_shape(errors, session);
    check_generics(errors, session);
    for field in &session.fields {
        check_skip(errors, field);
        check_reserved_key(errors, field);
        check_owned(errors, session, field);
    }
    check_something_stored(errors, session);
    check_duplicate_keys(errors, session);
    check_accessor_names(errors, session);
    check_user(errors, session);
    errors.is_empty().then_some(Checked(session))
}

/// A record maps names to values: a field without a name has no key, and a variant is not a set of keys.
fn check_shape(errors: &Errors, session: &Session<'_>) {
    let name = session.ident;
    let help = format_args!("write `struct {name} {{ count: u32 }}`");
    match session.item {
        Item::Struct(item) => match &item.fields {
            Fields::Named(_) => {}
            Fields::Unnamed(fields) => {
                errors.at(fields, format_args!("session struct `{name}` needs named fields"), help);
            }
            Fields::Unit => errors.at(name, format_args!("session struct `{name}` needs named fields"), help),
        },
        Item::Enum(item) => {
            let help = "put the enum in a field of a struct with named fields";
            errors.at(item.enum_token, format_args!("session struct `{name}` is an enum"), help);
        }
        Item::Union(item) => errors.at(item.union_token, format_args!("session struct `{name}` is a union"), help),
        _ => {}
    }
}

/// One view has one list of keys with one type each; a parameter would make that a family of views.
fn check_generics(errors: &Errors, session: &Session<'_>) {
    let name = session.ident;
    for parameter in &session.generics.params {
        let (wrong, help) = match parameter {
            GenericParam::Lifetime(_) => {
                ("borrow: its fields come out of a store", "store owned values, such as `String`")
            }
            GenericParam::Type(_) => ("have type parameters", "write the type itself in the field"),
            GenericParam::Const(_) => ("have const parameters", "write the value itself in the field's type"),
        };
        let bare: TokenStream = match parameter {
            GenericParam::Lifetime(parameter) => parameter.lifetime.to_token_stream(),
            GenericParam::Type(parameter) => parameter.ident.to_token_stream(),
            GenericParam::Const(parameter) => parameter.ident.to_token_stream(),
        };
        errors.at(bare, format_args!("session struct `{name}` cannot {wrong}"), help);
    }
    if let Some(clause) = session.generics.where_clause.as_ref().filter(|_| session.generics.params.is_empty()) {
        let help = "remove it; the bounds of the fields' types are checked anyway";
        errors.at(clause.where_token, format_args!("session struct `{name}` cannot have a `where` clause"), help);
    }
}

/// What is not stored has no key.
fn check_skip(errors: &Errors, field: &Field<'_>) {
    if field.is_stored() {
        return;
    }
    let args = field.args;
    let aliases = args.aliases.iter().map(|(key, _)| key);
    for key in [args.key.key(), args.migrate.key(), args.on_corrupt.key()].into_iter().flatten().chain(aliases) {
        let what = match key.to_string().as_str() {
            "migrate" => "nothing of it is migrated",
            "on_corrupt" => "nothing of it is corrupt",
            _ => "it has no key",
        };
        let wrong = format_args!("session field `{}` is not stored, so {what}", field.ident);
        errors.at(key, wrong, format_args!("remove `{key}` or `skip`"));
    }
}

/// A session is one user's, and what is not stored is nobody's.
fn check_user(errors: &Errors, session: &Session<'_>) {
    for field in session.users().filter(|field| !field.is_stored()) {
        if let Some(user) = field.args.user.key() {
            let wrong = format_args!("session field `{}` is not stored, so it says nothing of a user", field.ident);
            errors.at(user, wrong, "remove `user` or `skip`");
        }
    }
    // Which of two fields under `#[cfg]` exists is not known here.
    let mut certain = session.users().filter(|field| field.cfgs().is_empty());
    let Some(first) = certain.next() else {
        return;
    };
    for field in certain {
        if let Some(user) = field.args.user.key() {
            let wrong = format_args!("session field `{}` says already whose session it is", first.ident);
            errors.at(user, wrong, "leave `user` on one of them");
        }
    }
}

/// Names of the library itself live in the same record.
fn check_reserved_key(errors: &Errors, field: &Field<'_>) {
    let keys = [(&field.key, key_tokens(field))].into_iter().chain(alias_tokens(field));
    for (key, tokens) in keys.filter(|(key, _)| field.is_stored() && key.starts_with("__socket_session")) {
        let wrong = format_args!("key `{key}` is reserved: the library's own keys start with `__socket_session`");
        errors.at(tokens, wrong, "choose another key");
    }
}

/// What comes out of a store has nothing to borrow from. The compiler would speak of `Deserialize`.
fn check_owned(errors: &Errors, session: &Session<'_>, field: &Field<'_>) {
    // one that the struct declares has been reported there
    let declared = |reference: &&TypeReference| {
        session.generics.lifetimes().any(|parameter| Some(&parameter.lifetime) == reference.lifetime.as_ref())
    };
    let reference = find_reference(field.ty).filter(|reference| field.is_stored() && !declared(reference));
    if let Some(reference) = reference {
        let elem = reference.elem.to_token_stream().to_string();
        let owned = if elem == "str" { "String" } else { elem.as_str() };
        let wrong = format_args!("session field `{}` cannot borrow: it comes out of a store", field.ident);
        errors.at(reference, wrong, format_args!("write `{owned}`"));
    }
}

fn find_reference(ty: &Type) -> Option<&TypeReference> {
    match ty {
        Type::Reference(reference) => Some(reference),
        Type::Group(group) => find_reference(&group.elem),
        Type::Paren(paren) => find_reference(&paren.elem),
        Type::Tuple(tuple) => tuple.elems.iter().find_map(find_reference),
        Type::Array(array) => find_reference(&array.elem),
        Type::Path(path) => path.path.segments.iter().find_map(|segment| match &segment.arguments {
            PathArguments::AngleBracketed(arguments) => arguments.args.iter().find_map(|argument| match argument {
                GenericArgument::Type(ty) => find_reference(ty),
                _ => None,
            }),
            _ => None,
        }),
        _ => None,
    }
}

/// A view without keys reads nothing and writes nothing: a handler without a view does the same without a store.
fn check_something_stored(errors: &Errors, session: &Session<'_>) {
    let is_named = matches!(session.item, Item::Struct(item) if matches!(item.fields, Fields::Named(_)));
    if is_named && session.stored().next().is_none() {
        let name = session.ident;
        let help = if session.fields.is_empty() { "add a field" } else { "remove one `#[session(skip)]`" };
        errors.at(name, format_args!("session struct `{name}` stores nothing"), help);
    }
}

/// Two fields of one key would overwrite each other in the order of their declaration.
fn check_duplicate_keys(errors: &Errors, session: &Session<'_>) {
    let mut seen: HashMap<&str, &Field<'_>> = HashMap::new();
    // Which of two fields under `#[cfg]` exists is not known here.
    for field in session.stored().filter(|field| field.cfgs().is_empty()) {
        // Fields of one name are the compiler's own error.
        if let Some(first) = seen.insert(&field.key, field).filter(|first| first.ident != field.ident) {
            let wrong = format_args!("key `{}` is already that of field `{}`", field.key, first.ident);
            let help = format_args!("give `{}` a key of its own: `#[session(key = \"…\")]`", field.ident);
            errors.at(key_tokens(field), wrong, help);
        }
    }
    check_aliases(errors, session, seen);
}

/// An old key that is somebody's own would be taken away from them.
fn check_aliases<'a>(errors: &Errors, session: &'a Session<'_>, mut seen: HashMap<&'a str, &'a Field<'a>>) {
    for field in session.stored().filter(|field| field.cfgs().is_empty()) {
        for (alias, tokens) in alias_tokens(field) {
            if let Some(other) = seen.insert(alias, field) {
                let whose =
                    if other.ident == field.ident { "this field".into() } else { format!("field `{}`", other.ident) };
                let help = "name the key that the value had before, and each once";
                errors.at(tokens, format_args!("key `{alias}` is already that of {whose}"), help);
            }
        }
    }
}

/// `count` and `set_count` both want the accessor `set_count`.
fn check_accessor_names(errors: &Errors, session: &Session<'_>) {
    let setters: HashMap<Ident, &Field<'_>> = session.shown().map(|field| (field.setter(), field)).collect();
    for field in session.shown() {
        if let Some(other) = setters.get(&field.getter()) {
            let wrong = format_args!("accessor `{}` is already the one that sets `{}`", field.ident, other.ident);
            let help = format_args!("rename the field and keep its key: `#[session(key = \"{}\")]`", field.key);
            errors.at(field.ident, wrong, help);
        }
    }
}

fn alias_tokens<'a>(field: &'a Field<'_>) -> impl Iterator<Item = (&'a String, TokenStream)> {
    let written = field.args.aliases.iter().map(|(_, alias)| alias.to_token_stream());
    field.aliases.iter().zip(written)
}

fn key_tokens(field: &Field<'_>) -> TokenStream {
    field.args.key.get().map_or_else(|| field.ident.to_token_stream(), ToTokens::to_token_stream)
}
