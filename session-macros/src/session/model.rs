//! Stage two: the struct as a view. Answers questions, judges nothing.

use super::parse::{Args, FieldArgs, OnCorrupt, Parsed};
use crate::paths::{generated, runtime};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident};
use syn::ext::IdentExt;
use syn::{Attribute, Fields, Generics, Item, Type, Visibility};

pub(crate) struct Session<'a> {
    pub(crate) item: &'a Item,
    pub(crate) attrs: &'a [Attribute],
    pub(crate) vis: &'a Visibility,
    pub(crate) ident: &'a Ident,
    pub(crate) generics: &'a Generics,
    pub(crate) args: &'a Args,
    /// None but for a struct with named fields.
    pub(crate) fields: Vec<Field<'a>>,
}

pub(crate) struct Field<'a> {
    pub(crate) original: &'a syn::Field,
    pub(crate) ident: &'a Ident,
    pub(crate) ty: &'a Type,
    pub(crate) args: &'a FieldArgs,
    /// In the record: the struct's prefix and the field's own key.
    pub(crate) key: String,
    /// Where it was before, with the same prefix.
    pub(crate) aliases: Vec<String>,
    /// A stored value that does not fit counts as missing.
    pub(crate) corrupt_is_missing: bool,
    /// At least as visible as the struct: only then can a trait as visible as the struct show it.
    pub(crate) shown: bool,
}

impl<'a> Session<'a> {
    pub(crate) fn new(args: &'a Args, parsed: &'a Parsed) -> Self {
        let (attrs, vis, ident, generics) = match &parsed.item {
            Item::Struct(item) => (&item.attrs, &item.vis, &item.ident, &item.generics),
            Item::Enum(item) => (&item.attrs, &item.vis, &item.ident, &item.generics),
            Item::Union(item) => (&item.attrs, &item.vis, &item.ident, &item.generics),
            _ => unreachable!("`parse::item` lets no other item pass"),
        };
        let fields = match &parsed.item {
            Item::Struct(syn::ItemStruct { fields: Fields::Named(fields), .. }) => {
                let fields = fields.named.iter().zip(&parsed.fields);
                fields.filter_map(|(field, options)| Field::new(vis, args, field, options)).collect()
            }
            _ => Vec::new(),
        };
        Self { item: &parsed.item, attrs, vis, ident, generics, args, fields }
    }

    /// The place of the struct's name, for everything that is generated from it.
    pub(crate) fn span(&self) -> Span {
        generated(self.ident.span())
    }

    pub(crate) fn runtime(&self) -> TokenStream {
        runtime(self.args.krate.get(), self.span())
    }

    pub(crate) fn name(&self) -> String {
        self.ident.unraw().to_string()
    }

    pub(crate) fn accessors(&self) -> Ident {
        format_ident!("{}Fields", self.ident.unraw(), span = self.span())
    }

    pub(crate) fn stored(&self) -> impl Iterator<Item = &Field<'a>> {
        self.fields.iter().filter(|field| field.is_stored())
    }

    /// The fields that say whose session it is; one at most, if all is right.
    pub(crate) fn users(&self) -> impl Iterator<Item = &Field<'a>> {
        self.fields.iter().filter(|field| field.args.user.key().is_some())
    }

    pub(crate) fn shown(&self) -> impl Iterator<Item = &Field<'a>> {
        self.stored().filter(|field| field.shown)
    }

    /// The struct's own `#[cfg]`s below the macro, which nothing has evaluated yet.
    pub(crate) fn cfgs(&self) -> Vec<&'a Attribute> {
        named(self.attrs, "cfg")
    }

    pub(crate) fn is_deprecated(&self) -> bool {
        let fields = self.fields.iter().map(|field| field.original.attrs.as_slice());
        fields.chain([self.attrs]).any(|attrs| !named(attrs, "deprecated").is_empty())
    }
}

impl<'a> Field<'a> {
    fn new(vis: &Visibility, struct_args: &Args, original: &'a syn::Field, args: &'a FieldArgs) -> Option<Self> {
        let ident = original.ident.as_ref()?;
        let prefix = struct_args.prefix.get().map(syn::LitStr::value).unwrap_or_default();
        let name = ident.unraw().to_string();
        let renamed = struct_args.rename_all.get().map_or_else(|| name.clone(), |case| case.apply(&name));
        let key = args.key.get().map_or(renamed, syn::LitStr::value);
        let aliases = args.aliases.iter().map(|(_, alias)| format!("{prefix}{}", alias.value())).collect();
        let on_corrupt = args.on_corrupt.get().or(struct_args.on_corrupt.get());
        let corrupt_is_missing = on_corrupt == Some(&OnCorrupt::Default);
        let shown = at_least_as_visible(&original.vis, vis);
        Some(Self { original, ident, ty: &original.ty, args, key: prefix + &key, aliases, corrupt_is_missing, shown })
    }

    pub(crate) fn is_stored(&self) -> bool {
        self.args.skip.get().is_none()
    }

    pub(crate) fn span(&self) -> Span {
        generated(self.ident.span())
    }

    /// `count`, or `r#type`.
    pub(crate) fn getter(&self) -> Ident {
        let mut ident = self.ident.clone();
        ident.set_span(self.span());
        ident
    }

    /// `set_count`.
    pub(crate) fn setter(&self) -> Ident {
        format_ident!("set_{}", self.ident.unraw(), span = self.span())
    }

    pub(crate) fn cfgs(&self) -> Vec<&'a Attribute> {
        named(&self.original.attrs, "cfg")
    }

    pub(crate) fn docs(&self) -> Vec<&'a Attribute> {
        named(&self.original.attrs, "doc")
    }

    pub(crate) fn deprecated(&self) -> Vec<&'a Attribute> {
        named(&self.original.attrs, "deprecated")
    }
}

fn named<'a>(attrs: &'a [Attribute], name: &str) -> Vec<&'a Attribute> {
    attrs.iter().filter(|attr| attr.path().is_ident(name)).collect()
}

/// As far as tokens can tell: two different `pub(in …)` count as "less visible", which only costs an accessor.
fn at_least_as_visible(field: &Visibility, item: &Visibility) -> bool {
    let is_private = |vis: &Visibility| match vis {
        Visibility::Inherited => true,
        Visibility::Restricted(restricted) => restricted.path.is_ident("self"),
        Visibility::Public(_) => false,
    };
    match (field, item) {
        (Visibility::Public(_), _) => true,
        (_, item) if is_private(item) => true,
        (Visibility::Restricted(field), Visibility::Restricted(_)) if field.path.is_ident("crate") => true,
        (Visibility::Restricted(field), Visibility::Restricted(item)) => {
            field.path.to_token_stream().to_string() == item.path.to_token_stream().to_string()
        }
        _ => false,
    }
}
