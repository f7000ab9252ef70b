//! Stage two: the function as a handler. Answers questions, judges nothing.

use super::parse::{Args, Function};
use crate::paths::{generated, runtime};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote_spanned};
use syn::ext::IdentExt;
use syn::{
    Attribute, FnArg, GenericArgument, Lifetime, Pat, PatType, PathArguments, Receiver, Type, TypeParam, TypePath,
    WherePredicate,
};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Event,
    Connect,
    Disconnect,
    Fallback,
    Guard,
}

impl Kind {
    /// By its attribute's name.
    pub(crate) fn named(attribute: &str) -> Option<Self> {
        let kinds = [Self::Event, Self::Connect, Self::Disconnect, Self::Fallback, Self::Guard];
        kinds.into_iter().find(|kind| kind.attribute() == attribute)
    }

    pub(crate) fn attribute(self) -> &'static str {
        match self {
            Self::Event => "on",
            Self::Connect => "on_connect",
            Self::Disconnect => "on_disconnect",
            Self::Fallback => "on_fallback",
            Self::Guard => "guard",
        }
    }

    /// What stands behind the attribute's name in an example.
    pub(crate) fn example(self) -> &'static str {
        if self == Self::Event { "(\"my event\")" } else { "" }
    }

    /// What messages call the function.
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Self::Event => "event handler",
            Self::Connect => "connect handler",
            Self::Disconnect => "disconnect handler",
            Self::Fallback => "fallback handler",
            Self::Guard => "guard",
        }
    }

    /// The traits that its extractors implement, with the function of each that does so.
    pub(crate) fn extractions(self) -> &'static [Extraction] {
        const EVENT: Extraction = Extraction { bound: "FromEvent", all: "EventArgs", assert: "assert_event_arg" };
        const CONNECT: Extraction =
            Extraction { bound: "FromConnect", all: "ConnectArgs", assert: "assert_connect_arg" };
        const DISCONNECT: Extraction =
            Extraction { bound: "FromDisconnect", all: "DisconnectArgs", assert: "assert_disconnect_arg" };
        match self {
            Self::Event | Self::Fallback => &[EVENT],
            Self::Connect => &[CONNECT],
            Self::Disconnect => &[DISCONNECT],
            // A guard is asked when a socket connects, and again before every event.
            Self::Guard => &[EVENT, CONNECT],
        }
    }

    /// How a namespace registers it.
    pub(crate) fn registration(self) -> &'static str {
        self.attribute()
    }

    /// The trait that makes it what it is.
    pub(crate) fn role(self) -> &'static str {
        match self {
            Self::Event => "Event",
            Self::Connect => "Connect",
            Self::Disconnect => "Disconnect",
            Self::Fallback => "Fallback",
            Self::Guard => "Guard",
        }
    }
}

/// Names in the runtime by which arguments are taken out of what happened.
pub(crate) struct Extraction {
    pub(crate) bound: &'static str,
    /// For all of them at once.
    pub(crate) all: &'static str,
    pub(crate) assert: &'static str,
}

pub(crate) struct Handler<'a> {
    pub(crate) kind: Kind,
    pub(crate) args: &'a Args,
    pub(crate) function: &'a Function,
    pub(crate) params: Vec<Param<'a>>,
    pub(crate) receiver: Option<&'a Receiver>,
    /// The type whose method it is, under `#[socket_events]`.
    pub(crate) owner: Option<&'a Type>,
}

pub(crate) struct Param<'a> {
    pub(crate) original: &'a PatType,
    pub(crate) taken: Taken<'a>,
}

pub(crate) enum Taken<'a> {
    View(View<'a>),
    /// By value: an extractor.
    Argument(&'a Type),
}

pub(crate) struct View<'a> {
    pub(crate) access: Access,
    pub(crate) ty: &'a Type,
    pub(crate) lifetime: Option<&'a Lifetime>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// `&V`
    Read,
    /// `&mut V`
    Write,
    /// `Option<&V>`
    Maybe,
    /// `Option<&mut V>`, which no handler may have.
    MaybeWrite,
}

impl Access {
    /// The runtime's name for it.
    pub(crate) fn slot(self) -> &'static str {
        match self {
            Self::Read => "Read",
            Self::Write => "Write",
            Self::Maybe | Self::MaybeWrite => "Maybe",
        }
    }
}

impl<'a> Handler<'a> {
    pub(crate) fn new(kind: Kind, args: &'a Args, function: &'a Function) -> Self {
        let inputs = &function.sig.inputs;
        let typed = inputs.iter().filter_map(|input| match input {
            FnArg::Typed(original) => Some(Param { original, taken: taken(&original.ty) }),
            FnArg::Receiver(_) => None,
        });
        Self { kind, args, function, params: typed.collect(), receiver: function.sig.receiver(), owner: None }
    }

    /// A method of `owner`: its `self` is a parameter like others by now, and the view is that type.
    pub(crate) fn method(kind: Kind, args: &'a Args, function: &'a Function, owner: &'a Type) -> Self {
        let mut handler = Self { owner: Some(owner), ..Self::new(kind, args, function) };
        for param in &mut handler.params {
            if let (Pat::Verbatim(_), Taken::View(view)) = (&*param.original.pat, &mut param.taken) {
                // where the type was written: what is wrong with it is then said once for all methods
                view.ty = owner;
            }
        }
        handler
    }

    pub(crate) fn ident(&self) -> &'a Ident {
        &self.function.sig.ident
    }

    /// The place of the function's name, for everything that is generated from it.
    pub(crate) fn span(&self) -> Span {
        generated(self.ident().span())
    }

    /// The type of the function's name; of a method, a name that nobody has.
    pub(crate) fn marker(&self) -> Ident {
        if self.owner.is_some() {
            return format_ident!("__socket_session_{}", self.ident().unraw(), span = self.span());
        }
        let mut marker = self.ident().clone();
        marker.set_span(self.span());
        marker
    }

    /// How it is called. The name is the user's own: generated locals hide nothing from it.
    pub(crate) fn callee(&self) -> TokenStream {
        let (ident, owner) = (self.ident(), self.owner);
        owner.map_or_else(|| ident.to_token_stream(), |owner| quote_spanned!(self.span()=> <#owner>::#ident))
    }

    /// The runtime's name within what is generated, where [`runtime_path`](Self::runtime_path) is imported.
    pub(crate) fn runtime(&self) -> TokenStream {
        format_ident!("__rt", span = self.span()).into_token_stream()
    }

    pub(crate) fn runtime_path(&self) -> TokenStream {
        runtime(self.args.krate.get(), self.span())
    }

    pub(crate) fn views(&self) -> impl Iterator<Item = (&Param<'a>, &View<'a>)> {
        self.params.iter().filter_map(|param| match &param.taken {
            Taken::View(view) => Some((param, view)),
            Taken::Argument(_) => None,
        })
    }

    pub(crate) fn arguments(&self) -> impl Iterator<Item = &'a Type> {
        self.params.iter().filter_map(|param| match &param.taken {
            Taken::Argument(ty) => Some(*ty),
            Taken::View(_) => None,
        })
    }

    pub(crate) fn writes(&self) -> bool {
        self.views().any(|(_, view)| matches!(view.access, Access::Write | Access::MaybeWrite))
    }

    /// The function's own type parameter, which is the adapter.
    pub(crate) fn own_adapter(&self) -> Option<&'a TypeParam> {
        self.function.sig.generics.type_params().next()
    }

    /// What the function's `where` clause says.
    pub(crate) fn predicates(&self) -> impl Iterator<Item = &'a WherePredicate> {
        self.function.sig.generics.where_clause.iter().flat_map(|clause| &clause.predicates)
    }

    /// The adapter's name in generated code.
    pub(crate) fn adapter(&self) -> Ident {
        let own = self.own_adapter().map(|parameter| parameter.ident.clone());
        own.unwrap_or_else(|| format_ident!("__A", span = self.span()))
    }

    /// The function's own `#[cfg]`s below the macro, which nothing has evaluated yet.
    pub(crate) fn cfgs(&self) -> impl Iterator<Item = &'a Attribute> {
        self.attributes("cfg")
    }

    pub(crate) fn is_deprecated(&self) -> bool {
        self.attributes("deprecated").next().is_some()
    }

    fn attributes(&self, name: &'static str) -> impl Iterator<Item = &'a Attribute> {
        self.function.attrs.iter().filter(move |attr| attr.path().is_ident(name))
    }
}

fn taken(ty: &Type) -> Taken<'_> {
    let (reference, is_option) = match bare(ty) {
        Type::Reference(reference) => (reference, false),
        other => match inside_option(other).map(bare) {
            Some(Type::Reference(reference)) => (reference, true),
            _ => return Taken::Argument(ty),
        },
    };
    let access = match (is_option, reference.mutability.is_some()) {
        (false, false) => Access::Read,
        (false, true) => Access::Write,
        (true, false) => Access::Maybe,
        (true, true) => Access::MaybeWrite,
    };
    Taken::View(View { access, ty: &reference.elem, lifetime: reference.lifetime.as_ref() })
}

/// Without the parentheses, seen or unseen, that a macro may have put around it.
pub(crate) fn bare(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => bare(&group.elem),
        Type::Paren(paren) => bare(&paren.elem),
        _ => ty,
    }
}

/// `V` of `Option<V>`.
pub(crate) fn inside_option(ty: &Type) -> Option<&Type> {
    let Type::Path(TypePath { path, .. }) = bare(ty) else {
        return None;
    };
    let last = path.segments.last().filter(|last| last.ident == "Option")?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return None;
    };
    match arguments.args.first() {
        Some(GenericArgument::Type(inside)) if arguments.args.len() == 1 => Some(inside),
        _ => None,
    }
}

/// The last name of a path, by which the library's own extractors are recognised.
pub(crate) fn last_name(ty: &Type) -> Option<String> {
    let Type::Path(TypePath { path, .. }) = bare(ty) else {
        return None;
    };
    path.segments.last().map(|last| last.ident.unraw().to_string())
}

/// Does the last name of the path have generic arguments, as `SocketRef<A>` has?
pub(crate) fn has_arguments(ty: &Type) -> bool {
    let Type::Path(TypePath { path, .. }) = bare(ty) else {
        return false;
    };
    path.segments.last().is_some_and(|last| !last.arguments.is_none())
}

/// The type as a person would write it: tokens print with spaces between them.
pub(crate) fn written(ty: &Type) -> String {
    let tight = bare(ty).to_token_stream().to_string();
    let tight = tight.replace(" :: ", "::").replace(":: ", "::").replace(" < ", "<").replace("< ", "<");
    tight.replace(" >", ">").replace(" ,", ",").replace("& ", "&")
}

pub(crate) fn is_primitive(name: &str) -> bool {
    const PRIMITIVES: [&str; 19] = [
        "bool", "char", "str", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize",
        "f16", "f32", "f64", "f128",
    ];
    PRIMITIVES.contains(&name)
}
