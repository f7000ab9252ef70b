//! Stage three, for the block: one function for each rule, and above it why the rule exists. The rules for one method are
//! those of a free function.

use super::parse::Block;
use crate::errors::Errors;
use crate::handler::{Handler, Kind};
use proc_macro2::TokenStream;
use quote::ToTokens;
use std::collections::HashSet;
use syn::{GenericParam, PathArguments, Type};

/// Whether it is an `impl` that something can be generated for.
pub(crate) fn check(errors: &Errors, block: &Block) -> bool {
    let shape = [check_inherent(errors, block), check_generics(errors, block), check_owner(errors, block)];
    shape.into_iter().all(|fits| fits)
}

pub(crate) fn check_handlers(errors: &Errors, block: &Block, handlers: &[Handler<'_>]) {
    if block.of_trait.is_none() {
        check_any(errors, block, handlers);
    }
    check_distinct(errors, handlers);
}

/// The methods of a trait are the trait's to name, and its users' to call.
fn check_inherent(errors: &Errors, block: &Block) -> bool {
    if let Some((of_trait, _)) = &block.of_trait {
        let owner = block.owner.to_token_stream();
        let help = format_args!("write `impl {owner} {{ … }}`, and let the trait's methods call these");
        errors.at(of_trait, "`#[socket_events]` on the `impl` of a trait", help);
    }
    block.of_trait.is_none()
}

/// A session struct has no parameters, so neither has its `impl`.
fn check_generics(errors: &Errors, block: &Block) -> bool {
    for parameter in &block.generics.params {
        let bare: TokenStream = match parameter {
            GenericParam::Lifetime(parameter) => parameter.lifetime.to_token_stream(),
            GenericParam::Type(parameter) => parameter.ident.to_token_stream(),
            GenericParam::Const(parameter) => parameter.ident.to_token_stream(),
        };
        let help = "a session struct has none; a handler's own type parameter, the adapter, goes on the method";
        errors.at(bare, "an `impl` of event handlers cannot have parameters", help);
    }
    block.generics.params.is_empty()
}

/// `self` is the view, and a view is a struct by its name.
fn check_owner(errors: &Errors, block: &Block) -> bool {
    let is_name = match &block.owner {
        Type::Path(ty) if ty.qself.is_none() => {
            ty.path.segments.last().is_some_and(|last| matches!(last.arguments, PathArguments::None))
        }
        // `$view:ty` of a macro
        Type::Group(_) => true,
        _ => false,
    };
    if !is_name && block.generics.params.is_empty() {
        let help = "name a struct under `#[socket_session]`";
        errors.at(&block.owner, "the type of this `impl` is not a session struct", help);
    }
    is_name
}

/// Somebody has forgotten the attributes of the methods.
fn check_any(errors: &Errors, block: &Block, handlers: &[Handler<'_>]) {
    if handlers.is_empty() {
        let help = "put `#[on(\"my event\")]` on an `async fn` of it, or remove `#[socket_events]`";
        errors.at(&block.owner, "no method of this `impl` handles an event", help);
    }
}

/// A namespace has one handler for an event, so one of two would never run.
fn check_distinct(errors: &Errors, handlers: &[Handler<'_>]) {
    let mut seen = HashSet::new();
    // Which of two methods under `#[cfg]` exists is not known here.
    for handler in handlers.iter().filter(|handler| handler.cfgs().next().is_none()) {
        let event = handler.args.event.as_ref();
        let is_first = match (handler.kind, event) {
            (Kind::Event, None) | (Kind::Guard, _) => true,
            (kind, event) => seen.insert((kind.attribute(), event.map(syn::LitStr::value))),
        };
        if let (false, Some(event)) = (is_first, event) {
            let wrong = format_args!("event `{}` has a handler in this `impl` already", event.value());
            errors.at(event, wrong, "choose another name, or let one method call the other");
        } else if !is_first {
            let wrong = format_args!("a second {} in this `impl`", handler.kind.noun());
            errors.at(handler.ident(), wrong, "let one method call the other");
        }
    }
}
