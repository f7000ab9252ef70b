//! `#[socket_events]`: the methods of a view become event handlers, and a namespace registers them at once. Each method
//! goes the way of a free function ([`handler`](crate::handler)); what is here is the block around them.

mod check;
mod expand;
mod parse;

use crate::errors::Errors;
use crate::handler::{Handler, generate};
use parse::{Block, Method};
use proc_macro2::{Span, TokenStream};
use quote::quote;

pub(crate) fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    let errors = Errors::default();
    let args = parse::args(args, &errors);
    let block: Block = match parse::block(item.clone()) {
        Ok(block) => block,
        Err(error) => {
            errors.push(error);
            return errors.behind(item);
        }
    };
    let fits = check::check(&errors, &block);
    let methods = parse::methods(&args, &block);
    let handlers: Vec<_> = methods.iter().map(|method| method.handler(&block)).collect();
    check::check_handlers(&errors, &block, &handlers);
    let mut generated = TokenStream::new();
    for (method, handler) in methods.iter().zip(&handlers) {
        generated.extend(generate(&method.errors, handler));
    }
    let generated = fits.then(|| expand::events(&args, &block, &handlers, &generated));
    drop(handlers);
    for Method { errors: own, .. } in methods {
        errors.absorb(own);
    }
    errors.behind(quote!(#block #generated))
}

impl Method {
    fn handler<'a>(&'a self, block: &'a Block) -> Handler<'a> {
        Handler::method(self.kind, &self.args, &self.function, &block.owner)
    }
}

impl Block {
    /// The place of the type's name, for what is generated for the whole block.
    fn span(&self) -> Span {
        let place = syn::spanned::Spanned::span(&self.owner);
        crate::paths::generated(place)
    }
}
