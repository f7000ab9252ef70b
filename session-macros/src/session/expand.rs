//! Stage four: the view and its accessors. All they do is name the runtime's generics.

use super::check::Checked;
use super::model::{Field, Session};
use crate::paths::{generated, named, visibility};
use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use std::collections::HashSet;
use syn::spanned::Spanned;

pub(crate) fn session(checked: &Checked<'_>) -> TokenStream {
    let session = checked.0;
    let (rt, ident, name) = (session.runtime(), session.ident, session.name());
    let (cfgs, allow) = (session.cfgs(), allow_deprecated(session));
    let constants = session.stored().map(|field| key(&rt, session, field));
    let keys = session.stored().map(|field| conditional(field, &field.key));
    let aliases = session.stored().flat_map(|field| field.aliases.iter().map(move |alias| conditional(field, alias)));
    let keys = keys.chain(aliases);
    let loads = session.fields.iter().map(|field| load(&rt, field));
    let dumps = session.stored().map(dump);
    let users = session.users().map(user);
    let shown: Vec<_> = session.shown().collect();
    let accessors = accessors(session, &shown, &quote!(;));
    let of_session = accessor_impl(session, &shown, &quote!(#rt::Session<#ident>), "");
    let of_plain = accessor_impl(session, &shown, &quote!(#rt::tower_sessions::Session), "plain_");
    quote_spanned! {session.span()=>
        #accessors
        #(#cfgs)*
        #allow
        const _: () = {
            #(#constants)*

            #[automatically_derived]
            impl #rt::View for #ident {
                const NAME: &'static str = #name;
                const KEYS: &'static [&'static str] = &[#(#keys),*];
                #(#users)*

                fn load(fields: &#rt::Fields) -> ::core::result::Result<Self, #rt::Corrupt> {
                    ::core::result::Result::Ok(Self { #(#loads),* })
                }

                fn dump(&self, dump: &mut #rt::Dump<'_>) -> ::core::result::Result<(), #rt::Unserializable> {
                    #(#dumps)*
                    ::core::result::Result::Ok(())
                }
            }

            #of_session
            #of_plain
        };
    }
}

/// The key that says whose session it is.
fn user(field: &Field<'_>) -> TokenStream {
    let (cfgs, key) = (field.cfgs(), &field.key);
    quote_spanned! {field.span()=>
        #(#cfgs)*
        const USER: ::core::option::Option<&'static str> = ::core::option::Option::Some(#key);
    }
}

/// What stands in for a struct with mistakes, so that its users do not fail too. It never runs.
pub(crate) fn stub(session: &Session<'_>) -> TokenStream {
    // Nobody knows where the runtime is: its path would be the next error.
    if session.args.krate.is_wrong() {
        return TokenStream::new();
    }
    let (rt, ident, name, cfgs) = (session.runtime(), session.ident, session.name(), session.cfgs());
    let (impl_generics, type_generics, _) = session.generics.split_for_impl();
    let is_generic = !session.generics.params.is_empty();
    // What `View` asks for is not known of a parameter.
    let bounds = is_generic.then(|| quote!(where Self: ::core::marker::Send + ::core::marker::Sync + 'static));
    let accessors = (!is_generic).then(|| stub_accessors(session));
    quote_spanned! {session.span()=>
        #(#cfgs)*
        #[automatically_derived]
        impl #impl_generics #rt::View for #ident #type_generics #bounds {
            const NAME: &'static str = #name;
            const KEYS: &'static [&'static str] = &[];

            fn load(_: &#rt::Fields) -> ::core::result::Result<Self, #rt::Corrupt> {
                ::core::unreachable!()
            }

            fn dump(&self, _: &mut #rt::Dump<'_>) -> ::core::result::Result<(), #rt::Unserializable> {
                ::core::unreachable!()
            }
        }
        #accessors
    }
}

fn stub_accessors(session: &Session<'_>) -> TokenStream {
    let mut names = HashSet::new();
    let distinct = session.shown().filter(|field| names.insert(field.getter()) && names.insert(field.setter()));
    let accessors = accessors(session, &distinct.collect::<Vec<_>>(), &quote!({ ::core::future::pending() }));
    if accessors.is_empty() {
        return accessors;
    }
    let (rt, ident, name, cfgs) = (session.runtime(), session.ident, session.accessors(), session.cfgs());
    quote! {
        #accessors
        #(#cfgs)*
        impl #name for #rt::Session<#ident> {}
        #(#cfgs)*
        impl #name for #rt::tower_sessions::Session {}
    }
}

/// The field's key, with how its values are read and written. This is the only place that asks whether they can be,
/// and the only one with the default: so a type or a default that does not fit is one error.
fn key(rt: &TokenStream, session: &Session<'_>, field: &Field<'_>) -> TokenStream {
    let (cfgs, name, ty, key) = (field.cfgs(), key_name(field), field.ty, &field.key);
    let given = field.args.default.get().map(|value| {
        let value = named(value.to_token_stream(), session.ident);
        quote_spanned!(field.span()=> || #value)
    });
    let default = given.unwrap_or_else(|| quote_spanned!(field.span()=> <#ty as #rt::Defaulted>::default_value));
    let aliases = (!field.aliases.is_empty()).then(|| {
        let aliases = &field.aliases;
        quote_spanned!(field.span()=> .aliases(&[#(#aliases),*]))
    });
    let migrate = field.args.migrate.get().map(|path| {
        let (span, path) = (generated(path.span()), named(path.to_token_stream(), session.ident));
        quote_spanned!(span=> .migrating(|stored: &#rt::Value| #rt::migrate::<#ty, _, _>(stored, #path)))
    });
    let missing = field.corrupt_is_missing.then(|| quote_spanned!(field.span()=> .corrupt_is_missing()));
    quote_spanned! {field.span()=>
        #(#cfgs)*
        const #name: #rt::Key<#ty> = #rt::key::<#ty>(#key, #default) #aliases #migrate #missing;
    }
}

fn load(rt: &TokenStream, field: &Field<'_>) -> TokenStream {
    let (name, ty, key) = (field.getter(), field.ty, key_name(field));
    let value = match field.args.default.get() {
        _ if field.is_stored() => quote_spanned!(field.span()=> #key.load(fields)?),
        Some(value) => value.to_token_stream(),
        None => quote_spanned!(field.span()=> <#ty as #rt::Defaulted>::default_value()),
    };
    conditional(field, quote_spanned!(field.span()=> #name: #value))
}

fn dump(field: &Field<'_>) -> TokenStream {
    let (name, key) = (field.getter(), key_name(field));
    conditional(field, quote_spanned!(field.span()=> #key.dump(&self.#name, dump)?;))
}

/// The trait: its methods end in `;`, or in the body of a stub.
fn accessors(session: &Session<'_>, fields: &[&Field<'_>], end: &TokenStream) -> TokenStream {
    if fields.is_empty() {
        return TokenStream::new();
    }
    let (name, cfgs, rt) = (session.accessors(), session.cfgs(), session.runtime());
    let vis = visibility(session.vis);
    let doc = format!("Typed access to the fields of `{}` in a session, one by one.", session.name());
    let methods = fields.iter().map(|field| {
        let (docs, deprecated, key) = (field.docs(), field.deprecated(), &field.key);
        let (getter, setter) = signatures(&rt, field);
        let reads = docs.is_empty().then(|| format!("Reads `{key}`.")).map(|doc| quote!(#[doc = #doc]));
        let writes = format!("Writes `{key}`.");
        let blank = (!docs.is_empty()).then(|| quote!(#[doc = ""]));
        quote_spanned! {field.span()=>
            #(#docs)*
            #reads
            #(#deprecated)*
            #getter #end
            #[doc = #writes]
            #blank
            #(#docs)*
            #(#deprecated)*
            #setter #end
        }
    });
    quote_spanned! {session.span()=>
        #(#cfgs)*
        #[doc = #doc]
        #vis trait #name {
            #(#methods)*
        }
    }
}

/// The accessors of one kind of session; `kind` starts the names of the runtime's functions for it.
fn accessor_impl(session: &Session<'_>, fields: &[&Field<'_>], of: &TokenStream, kind: &str) -> TokenStream {
    if fields.is_empty() {
        return TokenStream::new();
    }
    let (name, rt) = (session.accessors(), session.runtime());
    let methods = fields.iter().map(|field| {
        let get = format_ident!("{kind}get_field", span = field.span());
        let set = format_ident!("{kind}set_field", span = field.span());
        let (key, (getter, setter)) = (key_name(field), signatures(&rt, field));
        quote_spanned! {field.span()=>
            #getter { #rt::#get(self, #key) }
            #setter { #rt::#set(self, #key, value) }
        }
    });
    quote_spanned! {session.span()=>
        #[automatically_derived]
        impl #name for #of {
            #(#methods)*
        }
    }
}

/// Not `async fn`, which would not promise `Send`.
fn signatures(rt: &TokenStream, field: &Field<'_>) -> (TokenStream, TokenStream) {
    let (cfgs, getter, setter, ty) = (field.cfgs(), field.getter(), field.setter(), field.ty);
    let future = |output: TokenStream| {
        quote_spanned! {field.span()=>
            impl ::core::future::Future<
                Output = ::core::result::Result<#output, #rt::SessionError>
            > + ::core::marker::Send
        }
    };
    let (gets, sets) = (future(quote!(#ty)), future(quote!(())));
    (
        quote_spanned!(field.span()=> #(#cfgs)* fn #getter(&self) -> #gets),
        quote_spanned!(field.span()=> #(#cfgs)* fn #setter(&self, value: #ty) -> #sets),
    )
}

fn conditional(field: &Field<'_>, tokens: impl ToTokens) -> TokenStream {
    let cfgs = field.cfgs();
    quote!(#(#cfgs)* #tokens)
}

fn key_name(field: &Field<'_>) -> Ident {
    format_ident!("__socket_session_{}", syn::ext::IdentExt::unraw(field.ident), span = field.span())
}

/// Generated code must name what the user has deprecated.
fn allow_deprecated(session: &Session<'_>) -> Option<TokenStream> {
    session.is_deprecated().then(|| quote!(#[allow(deprecated)]))
}
