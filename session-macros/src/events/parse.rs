//! Stage one: the attribute's options, the `impl` with the bodies of its methods unread, and what our attributes on the
//! methods say.

use crate::errors::{Errors, taught};
use crate::handler::{self, Function, Kind, handler_attribute};
use crate::options::{Slot, read_all, value};
use crate::paths::{krate, located, named};
use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{
    Attribute, FnArg, Generics, Item, Meta, Pat, Path, Receiver, ReceiverKind, Signature, Token, Type, Visibility,
    braced, bracketed,
};

/// `#[socket_events(name = pub Chat, with = [admin::Moderation], crate = ::path)]`.
#[derive(Default)]
pub(crate) struct Args {
    pub(crate) name: Slot<Name>,
    pub(crate) with: Slot<With>,
    pub(crate) krate: Slot<Path>,
}

/// The type by which a block is registered, if that is not the view.
pub(crate) struct Name {
    pub(crate) vis: Visibility,
    pub(crate) ident: Ident,
}

impl Parse for Name {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        Ok(Self { vis: input.parse()?, ident: input.parse()? })
    }
}

/// The names of other blocks.
pub(crate) struct With(pub(crate) Punctuated<Path, Token![,]>);

impl Parse for With {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let content;
        bracketed!(content in input);
        content.call(Punctuated::parse_terminated).map(Self)
    }
}

pub(crate) fn args(tokens: TokenStream, errors: &Errors) -> Args {
    let mut args = Args::default();
    let read = |input: ParseStream<'_>| {
        read_all(input, errors, &["name", "with", "crate"], |key, input| match key.to_string().as_str() {
            "name" => args.name.fill(key, value(key, input, "name = Chat")),
            "with" => args.with.fill(key, value(key, input, "with = [Chat]")),
            _ => args.krate.fill(key, krate(key, input)),
        });
        Ok(())
    };
    if let Err(error) = read.parse2(tokens) {
        errors.push(error);
    }
    args
}

/// An `impl` whose methods' bodies nobody has read.
pub(crate) struct Block {
    pub(crate) attrs: Vec<Attribute>,
    /// Up to the braces.
    header: TokenStream,
    pub(crate) generics: Generics,
    /// `Trait for`.
    pub(crate) of_trait: Option<(Type, Token![for])>,
    pub(crate) owner: Type,
    members: Vec<Member>,
    braces: Group,
}

enum Member {
    Method(Box<Function>),
    Other(TokenStream),
}

impl Parse for Block {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let start = input.fork();
        let _: (Option<Token![default]>, Option<Token![unsafe]>) = (input.parse()?, input.parse()?);
        input.parse::<Token![impl]>()?;
        let mut generics: Generics = if input.peek(Token![<]) { input.parse()? } else { Generics::default() };
        let _: Option<Token![!]> = input.parse()?;
        let first: Type = input.parse()?;
        let (of_trait, owner) = match input.parse::<Option<Token![for]>>()? {
            Some(token) => (Some((first, token)), input.parse()?),
            None => (None, first),
        };
        generics.where_clause = input.parse()?;
        let mut header = TokenStream::new();
        while !start.peek(syn::token::Brace) {
            header.extend(start.parse::<TokenTree>());
        }
        let TokenTree::Group(braces) = input.fork().parse()? else {
            return Err(input.error("expected curly braces"));
        };
        let content;
        braced!(content in input);
        let mut members = Vec::new();
        while !content.is_empty() {
            members.push(content.call(member)?);
        }
        Ok(Self { attrs, header, generics, of_trait, owner, members, braces })
    }
}

fn member(input: ParseStream<'_>) -> syn::Result<Member> {
    if let Ok(method) = Function::method(&input.fork()) {
        Function::method(input)?;
        return Ok(Member::Method(Box::new(method)));
    }
    let (mut tokens, mut has_value) = (TokenStream::new(), false);
    while !input.is_empty() {
        let token: TokenTree = input.parse()?;
        has_value |= matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '=');
        let is_last = match &token {
            TokenTree::Punct(punct) => punct.as_char() == ';',
            TokenTree::Group(group) => group.delimiter() == Delimiter::Brace && !has_value,
            _ => false,
        };
        tokens.extend([token]);
        if is_last {
            break;
        }
    }
    Ok(Member::Other(tokens))
}

impl ToTokens for Block {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let members = self.members.iter().map(|member| match member {
            Member::Method(method) => method.to_token_stream(),
            Member::Other(other) => other.clone(),
        });
        let mut braces = Group::new(Delimiter::Brace, members.collect());
        braces.set_span(self.braces.span());
        let (attrs, header) = (&self.attrs, &self.header);
        tokens.extend(quote!(#(#attrs)* #header #braces));
    }
}

pub(crate) fn block(tokens: TokenStream) -> syn::Result<Block> {
    syn::parse2(tokens.clone()).map_err(|error| match syn::parse2(tokens) {
        Ok(Item::Impl(_)) | Err(_) => error,
        Ok(other) => {
            let first = other.to_token_stream().into_iter().next();
            let help = "write `#[socket_events] impl Visit { … }`";
            taught(first, "`#[socket_events]` goes on the `impl` of a session struct", help)
        }
    })
}

/// A method under one of our attributes, as if it were a free function.
pub(crate) struct Method {
    pub(crate) kind: Kind,
    pub(crate) args: handler::Args,
    pub(crate) function: Function,
    /// It is judged by itself: a mistake in one method leaves the others as they are.
    pub(crate) errors: Errors,
}

pub(crate) fn methods(args: &Args, block: &Block) -> Vec<Method> {
    let methods = block.members.iter().filter_map(|member| match member {
        Member::Method(method) => Some(&**method),
        Member::Other(_) => None,
    });
    methods.filter_map(|method| read(args, block, method)).collect()
}

fn read(args: &Args, block: &Block, method: &Function) -> Option<Method> {
    let mut function = method.clone();
    let (at, kind) = method.attrs.iter().enumerate().find_map(|(at, attr)| {
        let kind = handler_attribute(attr).and_then(|name| Kind::named(&name))?;
        Some((at, kind))
    })?;
    let path = method.attrs.get(at)?.path();
    // what is left of them is one too many
    let attr = function.attrs.remove(at);
    let errors = Errors::default();
    let said = match attr.meta {
        Meta::List(list) => list.tokens,
        Meta::Path(_) => TokenStream::new(),
        Meta::NameValue(meta) => {
            let wrong = format_args!("`#[{}]` takes its options in parentheses", kind.attribute());
            let help = format_args!("write `#[{}{}]`", kind.attribute(), kind.example());
            errors.at(&meta, wrong, help);
            meta.value.to_token_stream()
        }
    };
    if kind == Kind::Guard {
        let help =
            "make it a free function, or a plain `fn is_admin(&self) -> bool` and name it: `guard = Self::is_admin`";
        errors.at(path, "`#[guard]` on a method", help);
    }
    let mut own = handler::args(kind, named(said, &block.owner), &errors);
    own.krate.or(&args.krate);
    function.sig = signature(&function.sig, &block.owner);
    Some(Method { kind, args: own, function, errors })
}

/// The signature of a free function: the view in place of `self`, and the type in place of `Self`.
fn signature(original: &Signature, owner: &Type) -> Signature {
    let named = named(original.to_token_stream(), owner);
    let mut sig: Signature = syn::parse2(named).unwrap_or_else(|_| original.clone());
    if let Some(FnArg::Receiver(receiver)) = sig.inputs.first()
        && let Some(view) = view(receiver, owner)
    {
        let (attrs, this) = (&receiver.attrs, receiver.self_token);
        let typed = FnArg::Typed(syn::PatType {
            attrs: attrs.clone(),
            pat: Box::new(Pat::Verbatim(this.to_token_stream())),
            colon_token: Token![:](this.span),
            ty: Box::new(view),
        });
        if let Some(first) = sig.inputs.first_mut() {
            *first = typed;
        }
    }
    sig
}

/// `&Visit` of `&self`, at its place; `None` where it is taken by value.
fn view(receiver: &Receiver, owner: &Type) -> Option<Type> {
    let place = receiver.self_token.span;
    let owner = located(owner.to_token_stream(), place);
    match &receiver.kind {
        ReceiverKind::Reference(and, lifetime, mutability) => {
            syn::parse2(quote!(#and #lifetime #mutability #owner)).ok()
        }
        ReceiverKind::Typed(_, ty) => match &**ty {
            Type::Reference(reference) => {
                let (and, lifetime, mutability) = (reference.and_token, &reference.lifetime, reference.mutability);
                syn::parse2(quote!(#and #lifetime #mutability #owner)).ok()
            }
            _ => None,
        },
        _ => None,
    }
}
