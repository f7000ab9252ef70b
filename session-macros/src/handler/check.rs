//! Stage three: one function for each rule, and above it why the rule exists.

use super::model::{Handler, Kind, bare, is_primitive, written};
use super::params;
use super::parse::handler_attribute;
use crate::errors::Errors;
use proc_macro2::TokenStream;
use quote::ToTokens;
use std::collections::HashMap;
use syn::ext::IdentExt;
use syn::{GenericParam, ReturnType, Safety, Type, WherePredicate};

/// A handler that broke no rule: the only thing that can be expanded.
pub(crate) struct Checked<'a>(pub(crate) &'a Handler<'a>);

pub(crate) fn check<'a>(errors: &Errors, handler: &'a Handler<'a>) -> Option<Checked<'a>> {
    check_event(errors, handler);
    check_one_attribute(errors, handler);
    check_asyncness(errors, handler);
    check_qualifiers(errors, handler);
    check_name(errors, handler);
    check_receiver(errors, handler);
    check_generics(errors, handler);
    for param in &handler.params {
        params::check(errors, handler, param);
    }
    check_distinct_views(errors, handler);
    check_number_of_views(errors, handler);
    check_output(errors, handler);
    check_fresh(errors, handler);
    errors.is_empty().then_some(Checked(handler))
}

/// Socket.IO sends these itself, or not at all: a handler for one would never be called.
fn check_event(errors: &Errors, handler: &Handler<'_>) {
    let Some(event) = &handler.args.event else {
        return;
    };
    let name = event.value();
    let help = match name.as_str() {
        "" => {
            return errors.at(event, "the name of the event is empty", "write `#[on(\"my event\")]`");
        }
        "connect" | "connection" => "write `#[on_connect]`",
        "disconnect" | "disconnecting" => "write `#[on_disconnect]`",
        "connect_error" | "newListener" | "removeListener" => "choose another name",
        _ => return,
    };
    errors.at(event, format_args!("event name `{name}` is reserved by Socket.IO"), help);
}

/// Both would make the type of the function's name.
fn check_one_attribute(errors: &Errors, handler: &Handler<'_>) {
    let attribute = handler.kind.attribute();
    for attr in &handler.function.attrs {
        if let Some(other) = handler_attribute(attr) {
            let wrong = format_args!("`#[{other}]` on a function that is already under `#[{attribute}]`");
            errors.at(&attr.meta, wrong, "write a second function, and let both call a third");
        }
    }
}

/// What it is called with is loaded before and saved after, around one future.
fn check_asyncness(errors: &Errors, handler: &Handler<'_>) {
    if handler.function.sig.asyncness.is_some() {
        return;
    }
    let (noun, name) = (handler.kind.noun(), handler.ident());
    let wrong = format_args!("{noun} `{name}` must be `async`");
    let sig = &handler.function.sig;
    if handler.kind == Kind::Guard {
        let help = format_args!(
            "write `async fn {name}(…)`, or remove `#[guard]`: `guard = {name}` takes a plain `fn(&View) -> bool`"
        );
        return errors.at(sig.fn_token, wrong, help);
    }
    errors.at(sig.fn_token, wrong, format_args!("write `async fn {name}(…)`"));
}

/// The library calls it, from safe and ordinary code, with as many arguments as it was written with.
fn check_qualifiers(errors: &Errors, handler: &Handler<'_>) {
    let (noun, name, sig) = (handler.kind.noun(), handler.ident(), &handler.function.sig);
    let refuse = |tokens: TokenStream, what: &str| {
        errors.at(tokens, format_args!("{noun} `{name}` cannot be {what}"), format_args!("write `async fn {name}(…)`"));
    };
    if let Some(constness) = sig.constness {
        refuse(constness.to_token_stream(), "`const`");
    }
    if let Safety::Unsafe(safety) = sig.safety {
        refuse(safety.to_token_stream(), "`unsafe`");
    }
    if let Some(abi) = &sig.abi {
        refuse(abi.to_token_stream(), "`extern`");
    }
    if let Some(variadic) = &sig.variadic {
        refuse(variadic.dots.to_token_stream(), "variadic");
    }
}

/// The type of the function's name would hide the primitive in the whole module.
fn check_name(errors: &Errors, handler: &Handler<'_>) {
    let (noun, name) = (handler.kind.noun(), handler.ident());
    if handler.owner.is_none() && is_primitive(&name.unraw().to_string()) {
        let wrong = format_args!("{noun} cannot be named `{name}`, which is a primitive type");
        errors.at(name, wrong, format_args!("rename it, for example to `on_{name}`"));
    }
}

/// There is no object that it could be called on but the view: what sockets share is in the session or in socketioxide's
/// state.
fn check_receiver(errors: &Errors, handler: &Handler<'_>) {
    let Some(receiver) = handler.receiver else {
        return;
    };
    let (noun, name) = (handler.kind.noun(), handler.ident());
    if handler.owner.is_some() {
        let wrong = format_args!("{noun} `{name}` cannot take the view by value");
        return errors.at(receiver.self_token, wrong, "write `&self` to read the session, `&mut self` to change it");
    }
    let wrong = format_args!("{noun} `{name}` cannot take `self`");
    let help = "put `#[socket_events]` on the `impl` around it, or make it a free function: `visit: &mut Visit`";
    errors.at(receiver.self_token, wrong, help);
}

/// A handler is registered by its name alone, so nothing but the adapter can be filled in.
fn check_generics(errors: &Errors, handler: &Handler<'_>) {
    let (noun, name) = (handler.kind.noun(), handler.ident());
    let generics = &handler.function.sig.generics;
    let mut types = 0;
    for parameter in &generics.params {
        match parameter {
            GenericParam::Type(parameter) => {
                types += 1;
                if types == 2 {
                    let wrong = format_args!("{noun} `{name}` has more than one type parameter");
                    let help = "keep one, the adapter: `<A: Adapter>`";
                    errors.at(&parameter.ident, wrong, help);
                }
            }
            GenericParam::Const(parameter) => {
                let wrong = format_args!("{noun} `{name}` cannot have const parameters");
                errors.at(&parameter.ident, wrong, "write a `const` item in place of it");
            }
            GenericParam::Lifetime(parameter) => {
                let wrong = format_args!("{noun} `{name}` cannot have lifetime parameters");
                errors.at(&parameter.lifetime, wrong, "leave the lifetime out, and return owned values");
            }
        }
    }
    for predicate in handler.predicates() {
        if let WherePredicate::Lifetime(predicate) = predicate {
            let wrong = format_args!("{noun} `{name}` cannot have lifetimes in its `where` clause");
            errors.at(predicate, wrong, "leave the lifetimes out");
        }
    }
}

/// Two references into one view would be two copies of it, and which is saved would be chance.
fn check_distinct_views(errors: &Errors, handler: &Handler<'_>) {
    let mut seen = HashMap::new();
    for (param, view) in handler.views() {
        let ty = written(view.ty);
        if let Some(first) = seen.insert(ty.clone(), param) {
            let first = written(&first.original.ty);
            let wrong = format_args!("`{ty}` is already a view of this handler, as `{first}`");
            errors.at(&param.original.ty, wrong, "keep one of the two");
        }
    }
}

/// The runtime knows tuples of that many.
fn check_number_of_views(errors: &Errors, handler: &Handler<'_>) {
    const MOST: usize = 8;
    if let Some((param, _)) = handler.views().nth(MOST) {
        let wrong = format_args!("{} `{}` has more than {MOST} views", handler.kind.noun(), handler.ident());
        errors.at(&param.original.ty, wrong, "put what belongs together into one session struct");
    }
}

/// Nobody is left to hear from a disconnect handler; a guard that says nothing guards nothing.
fn check_output(errors: &Errors, handler: &Handler<'_>) {
    let name = handler.ident();
    let output = match &handler.function.sig.output {
        ReturnType::Default => None,
        ReturnType::Type(_, ty) => match bare(ty) {
            Type::Tuple(tuple) if tuple.elems.is_empty() => None,
            _ => Some(ty),
        },
    };
    match (handler.kind, output) {
        (Kind::Disconnect, Some(ty)) => {
            let wrong = format_args!("disconnect handler `{name}` cannot return anything: the socket is gone");
            errors.at(ty, wrong, format_args!("write `async fn {name}(…)`"));
        }
        (Kind::Guard, None) => {
            let wrong = format_args!("guard `{name}` says neither yes nor no");
            errors.at(name, wrong, "return `bool` or `Result<(), E>`");
        }
        _ => {}
    }
}

/// What is written must not be built on what was true a moment ago.
fn check_fresh(errors: &Errors, handler: &Handler<'_>) {
    if let Some(key) = handler.args.fresh.key().filter(|_| handler.writes()) {
        let help = "take the view as `&`, or remove `fresh`: what is changed is read anew";
        errors.at(key, "`fresh` beside a `&mut` view", help);
    }
}
