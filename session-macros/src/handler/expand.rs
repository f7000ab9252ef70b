//! Stage four: the type of the function's name and the traits that make it a handler. All of it names the runtime's
//! generics; nothing is decided here.

use super::check::Checked;
use super::guard::Guard;
use super::model::{Access, Handler, Kind, Taken, View, has_arguments, last_name};
use crate::paths::{generated, runtime, visibility};
use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Expr, ReturnType, Type, TypeParam};

pub(crate) fn handler(checked: &Checked<'_>) -> TokenStream {
    let handler = checked.0;
    let marker = marker(handler);
    let checks = checks(handler);
    let run = run(handler);
    let role = role(handler);
    let asks = (handler.kind == Kind::Guard).then(|| asks(handler, &inputs(handler)));
    let body = within(handler, &quote!(#run #role #asks #checks));
    quote!(#marker #body)
}

/// Where the runtime has a short name.
fn within(handler: &Handler<'_>, body: &TokenStream) -> TokenStream {
    let (rt, path, cfgs) = (handler.runtime(), handler.runtime_path(), handler.cfgs());
    quote_spanned! {handler.span()=>
        #(#cfgs)*
        const _: () = {
            use #path as #rt;
            #body
        };
    }
}

/// What stands in for a handler with mistakes, so that its registration does not fail too. It never runs.
pub(crate) fn stub(handler: &Handler<'_>) -> TokenStream {
    // Nobody knows where the runtime is, or there is an `impl` around it, where no type can be: each would be the next
    // error.
    if handler.args.krate.is_wrong() || (handler.receiver.is_some() && handler.owner.is_none()) {
        return TokenStream::new();
    }
    let (rt, name, marker) = (handler.runtime(), handler.marker(), marker(handler));
    let (role, output) = (role_name(handler), output(handler));
    let asks = (handler.kind == Kind::Guard).then(|| asks(handler, &quote!(#rt::Unknown)));
    let event = (handler.kind == Kind::Event).then(|| {
        quote! {
            const NAME: &'static str = "";
            #rt::typescript!([] [] ());
        }
    });
    let body = quote_spanned! {handler.span()=>
        #[automatically_derived]
        impl<A: #rt::Adapter> #rt::Handler<A> for #name {
            type Views = ();
            type Args = ();
            type Output = #rt::#output;
            fn run(_: (), _: ()) -> impl ::core::future::Future<Output = ((), #rt::#output)> + ::core::marker::Send {
                ::core::future::pending()
            }
        }
        #[automatically_derived]
        impl<A: #rt::Adapter> #rt::#role<A> for #name {
            #event
        }
        #asks
    };
    let body = within(handler, &body);
    quote!(#marker #body)
}

/// Braces keep it out of the namespace of values, where the function is. `repr(C)` excuses its name from the rule of
/// camel case without an `allow`, which the user's `forbid` would refuse.
fn marker(handler: &Handler<'_>) -> TokenStream {
    let vis = handler.owner.is_none().then(|| visibility(&handler.function.vis));
    let (name, cfgs) = (handler.marker(), handler.cfgs());
    quote_spanned! {handler.span()=>
        #(#cfgs)*
        #[doc(hidden)]
        #[repr(C)]
        #[non_exhaustive]
        #vis struct #name {}
    }
}

/// What only the types can tell, asked at the place of each type: here the compiler says what is wrong with it, and
/// not somewhere in the registration.
fn checks(handler: &Handler<'_>) -> TokenStream {
    let (rt, span) = (handler.runtime(), handler.span());
    let views: Vec<_> = handler.views().map(|(_, view)| view.ty).collect();
    let arguments: Vec<_> = handler.arguments().filter(|ty| is_checked(handler, ty)).collect();
    let adapter = handler.own_adapter().map(|own| adapter_check(handler, own));
    if views.is_empty() && arguments.is_empty() && adapter.is_none() {
        return TokenStream::new();
    }
    let asserts = handler.kind.extractions().iter().flat_map(|extraction| {
        let assert = format_ident!("{}", extraction.assert, span = span);
        let rt = &rt;
        arguments.iter().map(move |ty| quote_spanned!(span=> #rt::#assert::<#ty>();))
    });
    quote_spanned! {span=>
        #adapter
        #rt::assert_disjoint(&[#(<#views as #rt::View>::KEYS),*]);
        #(#asserts)*
    }
}

/// The function's own type parameter is filled in with the adapter: its bounds must say that it is one.
fn adapter_check(handler: &Handler<'_>, own: &TypeParam) -> TokenStream {
    let (rt, span, ident) = (handler.runtime(), handler.span(), &own.ident);
    let clause = &handler.function.sig.generics.where_clause;
    quote_spanned! {span=>
        const fn check<#own>() #clause {
            #rt::assert_adapter::<#ident>();
        }
    }
}

/// Only where the type says all: `SocketRef<A>` names an adapter that may not be the local one, and a function with a
/// type parameter is checked with that parameter.
fn is_checked(handler: &Handler<'_>, ty: &Type) -> bool {
    let name = last_name(ty);
    let names_adapter = matches!(name.as_deref(), Some("SocketRef" | "AckSender" | "SocketIo")) && has_arguments(ty);
    handler.own_adapter().is_none() && !names_adapter
}

/// `impl Handler`: how the function is called.
fn run(handler: &Handler<'_>) -> TokenStream {
    let (rt, span) = (handler.runtime(), handler.span());
    let (header, adapter) = (header(handler), handler.adapter());
    let slots = handler.views().map(|(_, view)| {
        let (slot, ty) = (format_ident!("{}", view.access.slot(), span = span), view.ty);
        quote_spanned!(span=> <#ty as #rt::ViewParam<#adapter>>::#slot)
    });
    let arguments: Vec<_> = handler.arguments().collect();
    let output = output(handler);
    let view_names = numbered("view", handler.views().count(), span);
    let argument_names = numbered("arg", arguments.len(), span);
    let (mut views_left, mut arguments_left) = (view_names.iter(), argument_names.iter());
    let passed = handler.params.iter().map(|param| match &param.taken {
        Taken::View(view) => {
            let (slot, ty) = (views_left.next(), view.ty);
            let look = format_ident!("{}", view.access.slot().to_lowercase(), span = span);
            quote_spanned!(span=> <#ty as #rt::ViewParam<#adapter>>::#look(#slot))
        }
        Taken::Argument(_) => arguments_left.next().to_token_stream(),
    });
    let turbofish = handler.own_adapter().map(|own| {
        let ident = &own.ident;
        quote_spanned!(span=> ::<#ident>)
    });
    let function = handler.callee();
    let call = quote_spanned!(span=> #function #turbofish(#(#passed),*).await);
    let conclude = conclude(handler);
    let has_views = !view_names.is_empty();
    let mutability = has_views.then(|| quote!(mut));
    let borrow = has_views.then(|| quote!(&mut));
    quote_spanned! {span=>
        #header {
            type Views = (#(#slots,)*);
            type Args = (#(#arguments,)*);
            type Output = #rt::#output;

            async fn run(#mutability views: Self::Views, args: Self::Args) -> (Self::Views, Self::Output) {
                let outcome = {
                    let (#(#view_names,)*) = #borrow views;
                    let (#(#argument_names,)*) = args;
                    let returned = #rt::Returned::new(#call);
                    #conclude
                };
                (views, outcome)
            }
        }
    }
}

/// `impl Event`, `impl Connect`, …: what it is registered for, and where its arguments come from.
fn role(handler: &Handler<'_>) -> TokenStream {
    let (rt, span) = (handler.runtime(), handler.span());
    // named anew: an error is then at the path alone
    let guard_rt = |path: &syn::Path| runtime(handler.args.krate.get(), generated(path.span()));
    let guard = handler.args.guard.get().map(|path| Guard::new(&guard_rt(path), path));
    let imports = guard.as_ref().and_then(|guard| guard.imports.as_ref());
    let (header, adapter) = (role_header(handler), handler.adapter());
    let bound = imports.map(|_| {
        let ty = guard.as_ref().map(|guard| &guard.ty);
        quote_spanned!(span=> #ty: #rt::Guard<#adapter>,)
    });
    let event = handler.args.event.iter().map(|event| quote!(const NAME: &'static str = #event;));
    let signature = (handler.kind == Kind::Event).then(|| signature(handler, &rt));
    let fresh = handler.args.fresh.get().map(|fresh| {
        let millis = u64::try_from(fresh.as_millis()).unwrap_or(u64::MAX);
        quote_spanned! {span=>
            const FRESH: ::core::option::Option<::core::time::Duration> =
                ::core::option::Option::Some(::core::time::Duration::from_millis(#millis));
        }
    });
    let guard = guard.iter().map(|guard| guard.function(&adapter));
    let role = quote_spanned! {span=>
        #header #bound {
            #(#event)*
            #fresh
            #(#guard)*
            #signature
        }
    };
    if imports.is_some() { quote_spanned!(span=> const _: () = { #imports #role };) } else { role }
}

/// What it is in TypeScript. The runtime knows whether anybody asks.
fn signature(handler: &Handler<'_>, rt: &TokenStream) -> TokenStream {
    let (docs, arguments) = (docs(&handler.function.attrs), handler.arguments());
    let output = match &handler.function.sig.output {
        ReturnType::Default => quote!(()),
        ReturnType::Type(_, ty) if is_untold(ty.to_token_stream()) => quote!(#rt::typescript::Untold),
        ReturnType::Type(_, ty) => ty.to_token_stream(),
    };
    quote_spanned!(handler.span()=> #rt::typescript!([#(#docs),*] [#(#arguments),*] #output);)
}

/// Whether it contains an `impl Trait`, which cannot be named elsewhere.
fn is_untold(ty: TokenStream) -> bool {
    ty.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == "impl",
        TokenTree::Group(group) => is_untold(group.stream()),
        _ => false,
    })
}

/// What the comments above it say.
pub(crate) fn docs(attrs: &[Attribute]) -> impl Iterator<Item = &Expr> {
    let docs = attrs.iter().filter(|attr| attr.path().is_ident("doc"));
    docs.filter_map(|attr| attr.meta.require_name_value().ok().map(|meta| &meta.value))
}

/// `impl<A: Adapter> Handler<A> for name where …`, with a bound for each parameter. They
/// mention the adapter, so the compiler takes them as they are: a type that does not fit is reported by [`checks`] alone.
fn header(handler: &Handler<'_>) -> TokenStream {
    let (rt, name, adapter, span) = (handler.runtime(), handler.marker(), handler.adapter(), handler.span());
    let (parameter, predicates) = (parameter(handler), handler.predicates());
    let bounds: Vec<_> =
        handler.kind.extractions().iter().map(|one| format_ident!("{}", one.bound, span = span)).collect();
    let arguments = handler
        .arguments()
        .map(|ty| quote_spanned!(span=> #ty: #(#rt::#bounds<#adapter> +)* ::core::marker::Send + 'static,));
    let views = handler.views().map(|(_, view)| view.ty);
    let own = handler.own_adapter().map(|_| quote_spanned!(span=> #adapter: #rt::Adapter,));
    let allow = handler.is_deprecated().then(|| quote!(#[allow(deprecated)]));
    quote_spanned! {span=>
        #allow
        #[automatically_derived]
        impl<#parameter> #rt::Handler<#adapter> for #name
        where
            #own
            #(#predicates,)*
            #(#views: #rt::ViewParam<#adapter>,)*
            #(#arguments)*
    }
}

/// `impl<A: Adapter> Role<A> for name where …`: whatever makes it a handler, makes it one for this.
fn role_header(handler: &Handler<'_>) -> TokenStream {
    let (rt, name, adapter, span) = (handler.runtime(), handler.marker(), handler.adapter(), handler.span());
    let (role, output, predicates) = (role_name(handler), output(handler), handler.predicates());
    let parameter = parameter(handler);
    let all = handler.kind.extractions().iter().map(|one| format_ident!("{}", one.all, span = span));
    let own = handler.own_adapter().map(|_| quote_spanned!(span=> #adapter: #rt::Adapter,));
    quote_spanned! {span=>
        impl<#parameter> #rt::#role<#adapter> for #name
        where
            #own
            #(#predicates,)*
            Self: #rt::Handler<#adapter, Output = #rt::#output, Args: #(#rt::#all<#adapter>)+*>,
    }
}

/// The adapter, as a parameter of an `impl`.
fn parameter(handler: &Handler<'_>) -> TokenStream {
    let (rt, adapter) = (handler.runtime(), handler.adapter());
    let other = || quote_spanned!(handler.span()=> #adapter: #rt::Adapter);
    handler.own_adapter().map_or_else(other, ToTokens::to_token_stream)
}

/// Tells a `#[guard]` from a plain function, and what its function takes.
fn asks(handler: &Handler<'_>, inputs: &TokenStream) -> TokenStream {
    let (rt, name, adapter) = (handler.runtime(), handler.marker(), handler.adapter());
    let (parameter, predicates) = (parameter(handler), handler.predicates());
    let own = handler.own_adapter().map(|_| quote_spanned!(handler.span()=> #adapter: #rt::Adapter,));
    quote_spanned! {handler.span()=>
        #[automatically_derived]
        impl<#parameter> #rt::Asks<#adapter> for #name
        where
            #own
            #(#predicates,)*
        {
            type Inputs = #inputs;
        }
    }
}

/// The types of the function's parameters, as a tuple that lives for ever.
fn inputs(handler: &Handler<'_>) -> TokenStream {
    let span = handler.span();
    let types = handler.params.iter().map(|param| match &param.taken {
        Taken::Argument(ty) => ty.to_token_stream(),
        Taken::View(View { ty, access: Access::Maybe, .. }) => {
            quote_spanned!(span=> ::core::option::Option<&'static #ty>)
        }
        Taken::View(View { ty, .. }) => quote_spanned!(span=> &'static #ty),
    });
    quote_spanned!(span=> (#(#types,)*))
}

fn output(handler: &Handler<'_>) -> Ident {
    let name = if handler.kind == Kind::Guard { "Verdict" } else { "Outcome" };
    format_ident!("{name}", span = handler.span())
}

/// `returned.reply()`, at the place of the return type: there the compiler should say that it is no reply.
fn conclude(handler: &Handler<'_>) -> TokenStream {
    let span = match &handler.function.sig.output {
        ReturnType::Default => handler.span(),
        ReturnType::Type(_, ty) => generated(ty.span()),
    };
    if handler.kind == Kind::Guard {
        quote_spanned!(span=> returned.verdict())
    } else {
        quote_spanned!(span=> returned.reply())
    }
}

fn role_name(handler: &Handler<'_>) -> Ident {
    format_ident!("{}", handler.kind.role(), span = handler.span())
}

fn numbered(name: &str, count: usize, span: Span) -> Vec<Ident> {
    (0..count).map(|n| format_ident!("{name}{n}", span = span)).collect()
}
