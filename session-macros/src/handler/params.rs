//! Stage three, for one parameter at a time: views are by reference, extractors by value.

use super::model::{
    Access, Handler, Kind, Param, Taken, View, bare, has_arguments, inside_option, is_primitive, last_name, written,
};
use crate::errors::Errors;
use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{GenericArgument, Lifetime, Pat, PathArguments, Type};

pub(crate) fn check(errors: &Errors, handler: &Handler<'_>, param: &Param<'_>) {
    check_conditional(errors, param);
    match &param.taken {
        Taken::View(view) => check_view(errors, handler, param, view),
        Taken::Argument(ty) => check_argument(errors, handler, ty),
    }
}

/// The attribute sees parameters that the compiler will take away later, and would pass one too many.
fn check_conditional(errors: &Errors, param: &Param<'_>) {
    let conditional = |attr: &&syn::Attribute| attr.path().is_ident("cfg") || attr.path().is_ident("cfg_attr");
    if let Some(attr) = param.original.attrs.iter().find(conditional) {
        let help = "write the function twice, each under its `#[cfg(…)]`";
        errors.at(&attr.meta, "a parameter of a handler cannot depend on `#[cfg]`", help);
    }
}

fn check_view(errors: &Errors, handler: &Handler<'_>, param: &Param<'_>, view: &View<'_>) {
    check_view_type(errors, param, view);
    check_view_is_one_type(errors, handler, view);
    check_view_pattern(errors, param, view);
    check_view_access(errors, handler, param, view);
    // one that the function declares has been reported there
    let declared = |lifetime: &&Lifetime| {
        let mut parameters = handler.function.sig.generics.lifetimes();
        parameters.any(|parameter| parameter.lifetime == **lifetime)
    };
    if let Some(lifetime) = view.lifetime.filter(|lifetime| !declared(lifetime)) {
        let help = format_args!("write `{}`", without_lifetime(view));
        errors.at(lifetime, "a view lives as long as the call, so its lifetime has no name", help);
    }
}

/// A handler is registered by its name alone, so nobody could say which view it takes.
fn check_view_is_one_type(errors: &Errors, handler: &Handler<'_>, view: &View<'_>) {
    fn find(tokens: TokenStream, name: &Ident) -> Option<Ident> {
        tokens.into_iter().find_map(|token| match token {
            TokenTree::Ident(ident) => (ident == *name).then_some(ident),
            TokenTree::Group(group) => find(group.stream(), name),
            _ => None,
        })
    }
    let own = handler.own_adapter();
    if let Some(found) = own.and_then(|own| find(view.ty.to_token_stream(), &own.ident)) {
        let help = "name a struct under `#[socket_session]`; the type parameter is the adapter";
        errors.at(&found, format_args!("a view cannot depend on the type parameter `{found}`"), help);
    }
}

/// Whatever is no path is no session struct, and neither is what the library itself hands out by value: that has
/// generic arguments, by which it is told from a session struct of the same name.
fn check_view_type(errors: &Errors, param: &Param<'_>, view: &View<'_>) {
    const BY_VALUE: [&str; 9] = [
        "Data",
        "Extension",
        "HttpExtension",
        "MaybeExtension",
        "MaybeHttpExtension",
        "Session",
        "SocketRef",
        "State",
        "TryData",
    ];
    let whole = &param.original.ty;
    let ty = bare(view.ty);
    let shown = written(ty);
    let wrong = format!("`{}` is not a view: views are session structs", written(whole));
    let by_value = |owned: &str| format!("take an extractor by value, such as `Data<{owned}>`");
    match ty {
        Type::Path(_) => {
            let Some(name) = last_name(ty) else { return };
            if name == "str" {
                errors.at(whole, wrong, by_value("String"));
            } else if is_primitive(&name) {
                errors.at(whole, wrong, by_value(&name));
            } else if has_arguments(ty) && BY_VALUE.contains(&name.as_str()) {
                let wrong = format_args!("extractors are taken by value, `{name}` too");
                errors.at(whole, wrong, format_args!("write `{shown}`"));
            } else if let Some(inside) = inside_option(ty) {
                errors.at(whole, wrong, format_args!("write `Option<&{}>`", written(inside)));
            }
        }
        Type::Slice(slice) => errors.at(whole, wrong, by_value(&format!("Vec<{}>", written(&slice.elem)))),
        Type::Reference(reference) => {
            let help = format_args!("write `&{}` or `&mut {0}`", written(&reference.elem));
            errors.at(whole, wrong, help);
        }
        // It may expand to a path.
        Type::Macro(_) => {}
        _ => errors.at(whole, wrong, "name a struct under `#[socket_session]`"),
    }
}

/// `&mut Visit { mut count }: &mut Visit` copies the field out: changes to the copy would be lost.
fn check_view_pattern(errors: &Errors, param: &Param<'_>, view: &View<'_>) {
    if let (Pat::Reference(pattern), Access::Write) = (&*param.original.pat, view.access)
        && let Some(found) = find_copy(pattern.pat.to_token_stream())
    {
        let help = format_args!("write `visit: {}`, and change it by that name", without_lifetime(view));
        errors.at(found, "this is a copy: what changes in it is not saved", help);
    }
}

/// A `mut` that is neither in `&mut` nor in `ref mut`.
fn find_copy(tokens: TokenStream) -> Option<TokenTree> {
    let mut is_reference = false;
    tokens.into_iter().find_map(|token| {
        let was_reference = is_reference;
        let (is_mut, found) = match &token {
            TokenTree::Ident(ident) => (ident == "mut", None),
            TokenTree::Group(group) => (false, find_copy(group.stream())),
            _ => (false, None),
        };
        is_reference = matches!(token.to_string().as_str(), "&" | "ref");
        found.or_else(|| (is_mut && !was_reference).then_some(token))
    })
}

/// Which access each kind of handler has.
fn check_view_access(errors: &Errors, handler: &Handler<'_>, param: &Param<'_>, view: &View<'_>) {
    let whole = &param.original.ty;
    let ty = written(view.ty);
    let (wrong, help) = match (handler.kind, view.access) {
        (Kind::Disconnect, Access::Maybe) | (Kind::Guard, Access::Read | Access::Maybe) => return,
        (Kind::Disconnect, _) => (
            "a disconnect handler sees the last state known, if any: it can neither rely on it nor change it",
            format!("write `Option<&{ty}>`"),
        ),
        (Kind::Guard, _) => ("a guard reads: it cannot change the session", format!("write `&{ty}`")),
        (_, Access::MaybeWrite) => (
            "a view that may be absent cannot be changed: events never create a session",
            format!("write `Option<&{ty}>`, or `&mut {ty}` to run only where there is a session"),
        ),
        _ => return,
    };
    errors.at(whole, wrong, help);
}

fn check_argument(errors: &Errors, handler: &Handler<'_>, ty: &Type) {
    check_owned(errors, ty);
    if !handler.writes() {
        return;
    }
    // The two that a `&mut` handler can take and must not.
    let inner = inside_option(ty).unwrap_or(ty);
    match last_name(inner).as_deref() {
        Some("Session") if has_arguments(inner) => errors.at(
            ty,
            "`Session` beside a `&mut` view would wait for the view to be saved, which waits for this handler",
            "use the view, or take `Session` alone",
        ),
        Some("AckSender") => errors.at(
            ty,
            "`AckSender` beside a `&mut` view would acknowledge before the save",
            "return the acknowledgement: it is sent once the session is saved",
        ),
        _ => {}
    }
}

/// An argument is taken out of the event before the handler starts: there is nothing left that it could borrow from,
/// and its type must have a name.
fn check_owned(errors: &Errors, ty: &Type) {
    let lifetime = |lifetime: &Lifetime| {
        if lifetime.ident != "static" {
            errors.at(lifetime, "an extractor cannot borrow", "take owned values, such as `Data<String>`");
        }
    };
    match bare(ty) {
        Type::ImplTrait(_) => errors.at(ty, "an extractor's type cannot be `impl Trait`", "write the type itself"),
        Type::Reference(reference) => {
            if let Some(named) = &reference.lifetime {
                return lifetime(named);
            }
            let owned = match bare(&reference.elem) {
                Type::Slice(slice) => format!("Vec<{}>", written(&slice.elem)),
                elem if last_name(elem).as_deref() == Some("str") => "String".to_owned(),
                elem => written(elem),
            };
            let help = format_args!("write `{owned}` in place of `{}`", written(ty));
            errors.at(ty, "an extractor cannot borrow", help);
        }
        Type::Path(path) => {
            for segment in &path.path.segments {
                let PathArguments::AngleBracketed(arguments) = &segment.arguments else {
                    continue;
                };
                for argument in &arguments.args {
                    match argument {
                        GenericArgument::Lifetime(named) => lifetime(named),
                        GenericArgument::Type(ty) => check_owned(errors, ty),
                        _ => {}
                    }
                }
            }
        }
        Type::Tuple(tuple) => tuple.elems.iter().for_each(|ty| check_owned(errors, ty)),
        Type::Array(array) => check_owned(errors, &array.elem),
        Type::Slice(slice) => check_owned(errors, &slice.elem),
        _ => {}
    }
}

fn without_lifetime(view: &View<'_>) -> String {
    let ty = written(view.ty);
    match view.access {
        Access::Read => format!("&{ty}"),
        Access::Write => format!("&mut {ty}"),
        Access::Maybe | Access::MaybeWrite => format!("Option<&{ty}>"),
    }
}
