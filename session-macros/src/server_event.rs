//! `#[server_event("…")]`: a struct becomes an event that the server sends. Small enough for one file, in the same four
//! stages.

use crate::errors::{Errors, taught};
use crate::handler::docs;
use crate::options::{Slot, read_all, up_to_comma};
use crate::paths::{generated, krate, runtime};
use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::parse::{ParseStream, Parser};
use syn::{Fields, Index, Item, ItemStruct, LitStr, Path, Token};

pub(crate) fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    let errors = Errors::default();
    let args = parse(args, &errors);
    let item = match structure(item.clone()) {
        Ok(item) => item,
        Err(error) => {
            errors.push(error);
            return errors.behind(item);
        }
    };
    check_parameters(&errors, &item);
    // what stands in for an event with mistakes sends nothing, so that those who send it do not fail too
    let generated = event(&args, &item, errors.is_empty());
    errors.behind(quote!(#item #generated))
}

#[derive(Default)]
struct Args {
    name: Option<LitStr>,
    krate: Slot<Path>,
}

fn parse(tokens: TokenStream, errors: &Errors) -> Args {
    let mut args = Args::default();
    let read = |input: ParseStream<'_>| {
        match name(input) {
            Ok(name) => args.name = Some(name),
            Err(error) => errors.push(error),
        }
        read_all(input, errors, &["crate"], |key, input| args.krate.fill(key, krate(key, input)));
        Ok(())
    };
    if let Err(error) = read.parse2(tokens) {
        errors.push(error);
    }
    args
}

fn name(input: ParseStream<'_>) -> syn::Result<LitStr> {
    const EXAMPLE: &str = "write `#[server_event(\"current count\")]`";
    if input.is_empty() || input.peek2(Token![=]) {
        return Err(syn::Error::new(input.span(), format_args!("the name of the event is missing\nhelp: {EXAMPLE}")));
    }
    let first = up_to_comma(input);
    let _: Result<Token![,], _> = input.parse();
    let wrong = |_| taught(&first, "the name of the event is not a string literal", EXAMPLE);
    let name: LitStr = syn::parse2(first.clone()).map_err(wrong)?;
    if name.value().is_empty() {
        return Err(taught(&name, "the name of the event is empty", EXAMPLE));
    }
    if reserved(&name.value()) {
        let wrong = format_args!("event name `{}` is reserved", name.value());
        return Err(taught(&name, wrong, "choose another name"));
    }
    Ok(name)
}

/// What Socket.IO's clients emit to themselves, and what this library sends.
fn reserved(name: &str) -> bool {
    const RESERVED: [&str; 8] = [
        "connect",
        "connect_error",
        "disconnect",
        "disconnecting",
        "newListener",
        "removeListener",
        "session_ended",
        "session_error",
    ];
    RESERVED.contains(&name)
}

fn structure(tokens: TokenStream) -> syn::Result<ItemStruct> {
    match syn::parse2(tokens)? {
        Item::Struct(item) => Ok(item),
        other => {
            let first = other.to_token_stream().into_iter().next();
            let help = "write `#[server_event(\"current count\")] struct CurrentCount(u32);`";
            Err(taught(first, "`#[server_event]` goes on a struct", help))
        }
    }
}

/// The types of an event are told once, for all who send it.
fn check_parameters(errors: &Errors, item: &ItemStruct) {
    if !item.generics.params.is_empty() {
        let wrong = format_args!("server event `{}` cannot have parameters", item.ident);
        errors.at(&item.generics, wrong, "leave them out, and use owned values");
    }
}

fn event(args: &Args, item: &ItemStruct, is_right: bool) -> TokenStream {
    let span = generated(item.ident.span());
    if args.krate.is_wrong() {
        return TokenStream::new();
    }
    let rt = runtime(args.krate.get(), span);
    let (impls, types, clause) = item.generics.split_for_impl();
    let (ident, docs) = (&item.ident, docs(&item.attrs));
    let cfgs = item.attrs.iter().filter(|attr| attr.path().is_ident("cfg"));
    let name = args.name.as_ref().map_or_else(|| quote!(""), ToTokens::to_token_stream);
    let fields = item.fields.iter().map(|field| &field.ty);
    let (payload, arguments) = match &item.fields {
        _ if !is_right => (quote!([(); 0]), quote!()),
        Fields::Unit => (quote!([(); 0]), quote!()),
        Fields::Named(_) => (quote_spanned!(span=> (self,)), quote!(Self)),
        Fields::Unnamed(all) => {
            let indices = (0..all.unnamed.len()).map(Index::from);
            (quote_spanned!(span=> (#(&self.#indices,)*)), quote!(#(#fields),*))
        }
    };
    quote_spanned! {span=>
        #(#cfgs)*
        #[automatically_derived]
        impl #impls #rt::ServerEvent for #ident #types #clause {
            const NAME: &'static str = #name;
            fn payload(&self) -> impl #rt::Serialize + ::core::marker::Sync {
                #payload
            }
            #rt::typescript_event! { [#(#docs),*] [#arguments] }
        }
    }
}
