//! Guards: who may connect, and who may send an event. They fail closed.

use std::{
    borrow::Cow,
    fmt,
    marker::PhantomData,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, PoisonError, RwLock},
};

use socketioxide::adapter::Adapter;

use crate::{
    claims::Claim,
    core::BoxFuture,
    error::EventError,
    handler::{ConnectParts, EventParts, Guard, Handler, Rejection},
    record::{Fields, Patch},
    reply::Verdict,
    view::{View, Views},
};

/// A guard whose extractors have done their work: what is missing is the session.
pub(crate) type Prepared = Box<dyn FnOnce(Option<&Fields>) -> BoxFuture<'static, Verdict> + Send>;

type Look = Arc<dyn Fn(&Fields) -> Verdict + Send + Sync>;
type AtEvent<A> = fn(&mut EventParts<'_, A>) -> Result<Prepared, Rejection>;
type AtConnect<A> = fn(&mut ConnectParts<'_, A>) -> Result<Prepared, Rejection>;

/// A guard, as handlers and namespaces keep it.
pub struct EventGuard<A: Adapter> {
    check: Check<A>,
    claims: Vec<Claim>,
    keys: &'static [&'static [&'static str]],
    optional: bool,
}

enum Check<A: Adapter> {
    /// `fn(&View) -> bool`.
    Look(Look),
    /// `#[guard] async fn`.
    Ask { event: AtEvent<A>, connect: AtConnect<A> },
}

impl<A: Adapter> Clone for EventGuard<A> {
    fn clone(&self) -> Self {
        let check = match &self.check {
            Check::Look(look) => Check::Look(Arc::clone(look)),
            Check::Ask { event, connect } => Check::Ask { event: *event, connect: *connect },
        };
        Self { check, claims: self.claims.clone(), keys: self.keys, optional: self.optional }
    }
}

impl<A: Adapter> fmt::Debug for EventGuard<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventGuard").field("keys", &self.keys).finish_non_exhaustive()
    }
}

/// A guard on its way to the session.
pub(crate) enum Asked {
    Look(Look),
    Ask(Prepared),
}

impl<A: Adapter> EventGuard<A> {
    pub(crate) fn look<V: View>(guard: impl Fn(&V) -> bool + Send + Sync + 'static) -> Self {
        let look = move |fields: &Fields| {
            V::load(fields).map(|view| guard(&view)).map_err(|error| EventError::from_view(&error.into()))
        };
        Self { check: Check::Look(Arc::new(look)), claims: vec![Claim::of::<V>()], keys: &[V::KEYS], optional: false }
    }

    pub(crate) fn ask<G: Guard<A>>() -> Self {
        Self {
            check: Check::Ask {
                event: |parts| G::args(parts).map(prepare::<A, G>),
                connect: |parts| G::connect_args(parts).map(prepare::<A, G>),
            },
            claims: G::Views::claims(),
            keys: G::Views::KEYS,
            optional: G::Views::OPTIONAL,
        }
    }

    /// The views that it looks at.
    pub(crate) fn claims(&self) -> &[Claim] {
        &self.claims
    }

    /// Whether it can answer without a session.
    pub(crate) fn is_optional(&self) -> bool {
        self.optional
    }

    pub(crate) fn at_event(&self, parts: &mut EventParts<'_, A>) -> Result<Asked, Rejection> {
        match &self.check {
            Check::Look(look) => Ok(Asked::Look(Arc::clone(look))),
            Check::Ask { event, .. } => event(parts).map(Asked::Ask),
        }
    }

    pub(crate) fn at_connect(&self, parts: &mut ConnectParts<'_, A>) -> Result<Asked, Rejection> {
        match &self.check {
            Check::Look(look) => Ok(Asked::Look(Arc::clone(look))),
            Check::Ask { connect, .. } => connect(parts).map(Asked::Ask),
        }
    }

    /// Whether it depends on one of these keys.
    pub(crate) fn looks_at(&self, key: &str) -> bool {
        self.keys.iter().any(|keys| keys.contains(&key))
    }

    /// Whether it may look at what a socket has shown at connecting.
    pub(crate) fn asks(&self) -> bool {
        matches!(self.check, Check::Ask { .. })
    }
}

fn prepare<A: Adapter, G: Guard<A>>(args: G::Args) -> Prepared {
    Box::new(move |fields| {
        let views = if fields.is_none() && !G::Views::OPTIONAL { Ok(None) } else { G::Views::load(fields).map(Some) };
        Box::pin(async move {
            match views {
                Ok(Some(views)) => G::run(views, args).await.1,
                // no session is no admission
                Ok(None) => Ok(false),
                Err(error) => Err(EventError::from_view(&error)),
            }
        })
    })
}

impl Asked {
    pub(crate) async fn check(self, fields: Option<&Fields>) -> Verdict {
        match self {
            Self::Look(look) => fields.map_or(Ok(false), |fields| look(fields)),
            Self::Ask(prepared) => prepared(fields).await,
        }
    }
}

/// The guards of all namespaces, for all nodes have the same: who saves something may have no socket to ask.
#[derive(Default)]
pub(crate) struct Guarded(RwLock<Vec<Known>>);

#[derive(Clone)]
struct Known {
    keys: &'static [&'static [&'static str]],
    /// `None` if it asks for more than the session.
    look: Option<Look>,
}

impl Guarded {
    pub(crate) fn learn<A: Adapter>(&self, guard: &EventGuard<A>) {
        let look = match &guard.check {
            Check::Look(look) => Some(Arc::clone(look)),
            Check::Ask { .. } => None,
        };
        self.0.write().unwrap_or_else(PoisonError::into_inner).push(Known { keys: guard.keys, look });
    }

    /// Whether a guard may refuse, after this patch, whom it has admitted before. `before` is what is patched, if it is
    /// known.
    pub(crate) fn may_refuse(&self, patch: &Patch, before: Option<&Fields>) -> bool {
        let looking: Vec<_> = {
            let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
            known.iter().filter(|known| known.looks_at(patch)).cloned().collect()
        };
        let Some(before) = before.filter(|_| !looking.is_empty()) else {
            return !looking.is_empty();
        };
        let mut after = before.clone();
        after.apply(patch);
        looking.iter().any(|known| match &known.look {
            // a guard that panics says no
            Some(look) => !matches!(catch_unwind(AssertUnwindSafe(|| look(&after))), Ok(Ok(true))),
            None => true,
        })
    }
}

impl Known {
    fn looks_at(&self, patch: &Patch) -> bool {
        let mut changed = patch.keys();
        changed.any(|key| self.keys.iter().any(|keys| keys.contains(&&**key)))
    }
}

/// A namespace's guard, with what the client is told.
pub(crate) struct NamespaceGuard<A: Adapter> {
    pub(crate) message: Cow<'static, str>,
    pub(crate) guard: EventGuard<A>,
}

/// Lets generated code find, under one name, the marker type of a `#[guard]` function or, by this glob import, nothing
/// but the plain function.
pub mod plain_guard {
    /// Stands where the guard is a plain `fn(&View) -> bool`. With braces, so that it is a type and no value.
    #[derive(Debug)]
    pub struct __SocketSessionGuard {}
}

/// Implemented by `#[guard]`.
pub trait Asks<A: Adapter> {
    /// What its function takes. If that has a type parameter, only this tells which it is.
    type Inputs;
}

/// A function that takes `Inputs`.
pub trait Takes<Inputs> {}

/// What a guard with mistakes takes, so that the handlers that name it do not fail too.
#[derive(Debug)]
pub struct Unknown {}

impl<F> Takes<Unknown> for F {}

macro_rules! takes {
    ($($input:ident),*) => {
        impl<$($input,)* Output, F: FnOnce($($input),*) -> Output> Takes<($($input,)*)> for F {}
    };
}

takes!();
takes!(I1);
takes!(I1, I2);
takes!(I1, I2, I3);
takes!(I1, I2, I3, I4);
takes!(I1, I2, I3, I4, I5);
takes!(I1, I2, I3, I4, I5, I6);
takes!(I1, I2, I3, I4, I5, I6, I7);
takes!(I1, I2, I3, I4, I5, I6, I7, I8);
takes!(I1, I2, I3, I4, I5, I6, I7, I8, I9);
takes!(I1, I2, I3, I4, I5, I6, I7, I8, I9, I10);
takes!(I1, I2, I3, I4, I5, I6, I7, I8, I9, I10, I11);
takes!(I1, I2, I3, I4, I5, I6, I7, I8, I9, I10, I11, I12);

// A bound `M: Guard<A>` in generated code is then right for both kinds; this one is never run.
impl<A: Adapter> Handler<A> for plain_guard::__SocketSessionGuard {
    type Views = ();
    type Args = ();
    type Output = Verdict;

    async fn run((): (), (): ()) -> ((), Verdict) {
        ((), Ok(false))
    }
}

impl<A: Adapter> Guard<A> for plain_guard::__SocketSessionGuard {}

/// Tells the two kinds of guard apart. `P` is what inference fills in.
#[diagnostic::on_unimplemented(
    message = "this is neither a `fn(&View) -> bool` nor an `async fn` under `#[guard]`",
    label = "not a guard"
)]
pub trait GuardKind<A: Adapter, F, P> {
    /// The guard.
    fn guard(function: F) -> EventGuard<A>;
}

impl<A: Adapter, V: View, F: Fn(&V) -> bool + Send + Sync + 'static> GuardKind<A, F, PhantomData<V>>
    for plain_guard::__SocketSessionGuard
{
    fn guard(function: F) -> EventGuard<A> {
        EventGuard::look(function)
    }
}

#[diagnostic::do_not_recommend]
impl<A: Adapter, F: Takes<G::Inputs>, G: Guard<A> + Asks<A>> GuardKind<A, F, ()> for G {
    fn guard(_: F) -> EventGuard<A> {
        EventGuard::ask::<G>()
    }
}

/// The guard that `#[on("…", guard = path)]` names.
pub fn event_guard<A: Adapter, M: GuardKind<A, F, P>, F, P>(function: F) -> EventGuard<A> {
    M::guard(function)
}
