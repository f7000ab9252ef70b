//! Stage four: what registers the methods of a block, each by a type that nobody else can name.

use super::parse::{Args, Block, Name};
use crate::handler::{Handler, Kind};
use crate::paths::{generated, runtime, visibility};
use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Meta};

/// `methods` is what makes them handlers.
pub(crate) fn events(args: &Args, block: &Block, handlers: &[Handler<'_>], methods: &TokenStream) -> TokenStream {
    // Nobody knows where the runtime is: its path would be the next error.
    if args.krate.is_wrong() {
        return TokenStream::new();
    }
    let (rt, span) = (runtime(args.krate.get(), block.span()), block.span());
    let handlers: Vec<_> = handlers.iter().filter(|handler| is_known(handler)).collect();
    let registrations = handlers.iter().map(|handler| registration(&rt, handler));
    let cfgs: Vec<_> = block.attrs.iter().filter(|attr| attr.path().is_ident("cfg")).collect();
    let events = names(&handlers);
    let (target, marker, group) = match args.name.get() {
        Some(name) => group(&rt, name, &events, &cfgs),
        None => (block.owner.to_token_stream(), None, None),
    };
    let with: Vec<_> = args.with.get().into_iter().flat_map(|with| &with.0).collect();
    let distinct = with.iter().enumerate().map(|(at, path)| {
        let before = with.iter().take(at);
        let span = generated(path.span());
        let rt = runtime(args.krate.get(), span);
        quote_spanned! {span=>
            #rt::assert_events_differ(&[#events #(, <#before as #rt::Named>::EVENTS)*], <#path as #rt::Named>::EVENTS);
        }
    });
    let distinct = (!with.is_empty()).then(|| quote!(const _: () = { #(#distinct)* };));
    let markers: Vec<_> = handlers.iter().map(|handler| handler.marker()).collect();
    let adapter = format_ident!("__SocketSessionAdapter", span = span);
    quote_spanned! {span=>
        #marker
        #(#cfgs)*
        const _: () = {
            #methods
            #(#registrations)*
            #group
            #distinct

            #[automatically_derived]
            impl<#adapter> #rt::Events<#adapter> for #target
            where
                #adapter: #rt::Adapter,
                #(#markers: #rt::Events<#adapter>,)*
                #(#with: #rt::Events<#adapter>,)*
            {
                fn register(namespace: #rt::Namespace<#adapter>) -> #rt::Namespace<#adapter> {
                    #(let namespace = <#markers as #rt::Events<#adapter>>::register(namespace);)*
                    #(let namespace = <#with as #rt::Events<#adapter>>::register(namespace);)*
                    namespace
                }
            }
        };
    }
}

fn is_known(handler: &Handler<'_>) -> bool {
    handler.kind != Kind::Guard && !handler.args.krate.is_wrong()
}

/// How a namespace gets one method. Where `#[cfg]` takes the method away, there is nothing to get.
fn registration(rt: &TokenStream, handler: &Handler<'_>) -> TokenStream {
    let (marker, span) = (handler.marker(), handler.span());
    let role = format_ident!("{}", handler.kind.role(), span = span);
    let method = format_ident!("{}", handler.kind.registration(), span = span);
    let adapter = format_ident!("__SocketSessionAdapter", span = span);
    let cfgs: Vec<_> = handler.cfgs().collect();
    let absent = absent(&cfgs).map(|cfg| {
        quote_spanned! {span=>
            #cfg
            #[repr(C)]
            struct #marker {}
            #cfg
            impl<#adapter: #rt::Adapter> #rt::Events<#adapter> for #marker {
                fn register(namespace: #rt::Namespace<#adapter>) -> #rt::Namespace<#adapter> {
                    namespace
                }
            }
        }
    });
    quote_spanned! {span=>
        #(#cfgs)*
        #[automatically_derived]
        impl<#adapter> #rt::Events<#adapter> for #marker
        where
            #adapter: #rt::Adapter,
            #marker: #rt::#role<#adapter>,
        {
            fn register(namespace: #rt::Namespace<#adapter>) -> #rt::Namespace<#adapter> {
                namespace.#method::<#marker>()
            }
        }
        #absent
    }
}

/// The opposite of all of these.
fn absent(cfgs: &[&Attribute]) -> Option<TokenStream> {
    let predicates = cfgs.iter().filter_map(|attr| match &attr.meta {
        Meta::List(list) => Some(&list.tokens),
        _ => None,
    });
    (!cfgs.is_empty()).then(|| quote!(#[cfg(not(all(#(#predicates),*)))]))
}

/// The events' names, as a constant.
fn names(handlers: &[&Handler<'_>]) -> TokenStream {
    let names = handlers.iter().filter_map(|handler| {
        let (cfgs, event) = (handler.cfgs(), handler.args.event.as_ref()?);
        Some(quote!(#(#cfgs)* #event))
    });
    quote!(&[#(#names),*])
}

/// The type by which a block is registered, if that is not the view.
fn group(
    rt: &TokenStream,
    name: &Name,
    events: &TokenStream,
    cfgs: &[&Attribute],
) -> (TokenStream, Option<TokenStream>, Option<TokenStream>) {
    let span = generated(name.ident.span());
    let vis = visibility(&name.vis);
    let mut ident = name.ident.clone();
    ident.set_span(span);
    let doc = format!("Event handlers, for `.events::<{ident}>()` of a namespace.");
    let marker = quote_spanned! {span=>
        #(#cfgs)*
        #[doc = #doc]
        #[non_exhaustive]
        #vis struct #ident {}
    };
    let group = quote_spanned! {span=>
        #[automatically_derived]
        impl #rt::Named for #ident {
            const EVENTS: &'static [&'static str] = #events;
        }
    };
    (ident.to_token_stream(), Some(marker), Some(group))
}
