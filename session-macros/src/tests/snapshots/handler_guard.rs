async fn logged_in(visit: &Visit, s: SocketRef) -> bool {
    visit.authenticated
}
#[doc(hidden)]
#[repr(C)]
#[non_exhaustive]
struct logged_in {}
const _: () = {
    ::socket_session::__private::assert_disjoint(
        &[<Visit as ::socket_session::__private::View>::KEYS],
    );
    ::socket_session::__private::assert_event_arg::<SocketRef>();
    ::socket_session::__private::assert_connect_arg::<SocketRef>();
};
#[automatically_derived]
impl<__SocketSessionAdapter> ::socket_session::__private::Handler<__SocketSessionAdapter>
for logged_in
where
    __SocketSessionAdapter: ::socket_session::__private::Adapter,
    Visit: ::socket_session::__private::ViewParam<__SocketSessionAdapter>,
    SocketRef: ::socket_session::__private::FromEvent<__SocketSessionAdapter>
        + ::socket_session::__private::FromConnect<__SocketSessionAdapter>
        + ::core::marker::Send + 'static,
{
    type Views = (
        <Visit as ::socket_session::__private::ViewParam<__SocketSessionAdapter>>::Read,
    );
    type Args = (SocketRef,);
    type Output = ::socket_session::__private::Verdict;
    fn run(
        mut views: Self::Views,
        args: Self::Args,
    ) -> impl ::core::future::Future<
        Output = (Self::Views, Self::Output),
    > + ::core::marker::Send {
        async move {
            let outcome = {
                let (view0,) = &mut views;
                let (arg0,) = args;
                let returned = ::socket_session::__private::Returned::new(
                    logged_in(
                            <Visit as ::socket_session::__private::ViewParam<
                                __SocketSessionAdapter,
                            >>::read(view0),
                            arg0,
                        )
                        .await,
                );
                let outcome = returned.verdict();
                outcome
            };
            (views, outcome)
        }
    }
}
#[automatically_derived]
impl<__SocketSessionAdapter> ::socket_session::__private::Guard<__SocketSessionAdapter>
for logged_in
where
    __SocketSessionAdapter: ::socket_session::__private::Adapter,
    Visit: ::socket_session::__private::ViewParam<__SocketSessionAdapter>,
    SocketRef: ::socket_session::__private::FromEvent<__SocketSessionAdapter>
        + ::socket_session::__private::FromConnect<__SocketSessionAdapter>
        + ::core::marker::Send + 'static,
{
    fn args(
        parts: &mut ::socket_session::__private::EventParts<'_, __SocketSessionAdapter>,
    ) -> ::core::result::Result<Self::Args, ::socket_session::__private::Rejection> {
        ::core::result::Result::Ok((
            <SocketRef as ::socket_session::__private::FromEvent<
                __SocketSessionAdapter,
            >>::from_event(parts)?,
        ))
    }
    fn connect_args(
        parts: &mut ::socket_session::__private::ConnectParts<'_, __SocketSessionAdapter>,
    ) -> ::core::result::Result<Self::Args, ::socket_session::__private::Rejection> {
        ::core::result::Result::Ok((
            <SocketRef as ::socket_session::__private::FromConnect<
                __SocketSessionAdapter,
            >>::from_connect(parts)?,
        ))
    }
}
#[automatically_derived]
impl<__SocketSessionAdapter> ::socket_session::__private::Asks<__SocketSessionAdapter>
for logged_in
where
    __SocketSessionAdapter: ::socket_session::__private::Adapter,
{
    type Inputs = (&'static Visit, SocketRef);
}
