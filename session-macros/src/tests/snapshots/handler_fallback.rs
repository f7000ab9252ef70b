#[cfg(debug_assertions)]
async fn unknown(Event(name): Event) {}
#[cfg(debug_assertions)]
#[doc(hidden)]
#[repr(C)]
#[non_exhaustive]
struct unknown {}
#[cfg(debug_assertions)]
const _: () = {
    ::socket_session::__private::assert_disjoint(&[]);
    ::socket_session::__private::assert_event_arg::<Event>();
};
#[cfg(debug_assertions)]
#[automatically_derived]
impl<__SocketSessionAdapter> ::socket_session::__private::Handler<__SocketSessionAdapter>
for unknown
where
    __SocketSessionAdapter: ::socket_session::__private::Adapter,
    Event: ::socket_session::__private::FromEvent<__SocketSessionAdapter>
        + ::core::marker::Send + 'static,
{
    type Views = ();
    type Args = (Event,);
    type Output = ::socket_session::__private::Outcome;
    fn run(
        views: Self::Views,
        args: Self::Args,
    ) -> impl ::core::future::Future<
        Output = (Self::Views, Self::Output),
    > + ::core::marker::Send {
        async move {
            let outcome = {
                let () = views;
                let (arg0,) = args;
                let returned = ::socket_session::__private::Returned::new(
                    unknown(arg0).await,
                );
                let outcome = returned.reply();
                outcome
            };
            (views, outcome)
        }
    }
}
#[cfg(debug_assertions)]
#[automatically_derived]
impl<
    __SocketSessionAdapter,
> ::socket_session::__private::Fallback<__SocketSessionAdapter> for unknown
where
    __SocketSessionAdapter: ::socket_session::__private::Adapter,
    Event: ::socket_session::__private::FromEvent<__SocketSessionAdapter>
        + ::core::marker::Send + 'static,
{
    fn args(
        parts: &mut ::socket_session::__private::EventParts<'_, __SocketSessionAdapter>,
    ) -> ::core::result::Result<Self::Args, ::socket_session::__private::Rejection> {
        ::core::result::Result::Ok((
            <Event as ::socket_session::__private::FromEvent<
                __SocketSessionAdapter,
            >>::from_event(parts)?,
        ))
    }
}
