async fn bye(visit: Option<&Visit>, reason: DisconnectReason) {}
#[doc(hidden)]
#[repr(C)]
#[non_exhaustive]
struct bye {}
const _: () = {
    ::socket_session::__private::assert_disjoint(
        &[<Visit as ::socket_session::__private::View>::KEYS],
    );
    ::socket_session::__private::assert_disconnect_arg::<DisconnectReason>();
};
#[automatically_derived]
impl<__SocketSessionAdapter> ::socket_session::__private::Handler<__SocketSessionAdapter>
for bye
where
    __SocketSessionAdapter: ::socket_session::__private::Adapter,
    Visit: ::socket_session::__private::ViewParam<__SocketSessionAdapter>,
    DisconnectReason: ::socket_session::__private::FromDisconnect<__SocketSessionAdapter>
        + ::core::marker::Send + 'static,
{
    type Views = (
        <Visit as ::socket_session::__private::ViewParam<__SocketSessionAdapter>>::Maybe,
    );
    type Args = (DisconnectReason,);
    type Output = ::socket_session::__private::Outcome;
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
                    bye(
                            <Visit as ::socket_session::__private::ViewParam<
                                __SocketSessionAdapter,
                            >>::maybe(view0),
                            arg0,
                        )
                        .await,
                );
                let outcome = returned.reply();
                outcome
            };
            (views, outcome)
        }
    }
}
#[automatically_derived]
impl<
    __SocketSessionAdapter,
> ::socket_session::__private::Disconnect<__SocketSessionAdapter> for bye
where
    __SocketSessionAdapter: ::socket_session::__private::Adapter,
    Visit: ::socket_session::__private::ViewParam<__SocketSessionAdapter>,
    DisconnectReason: ::socket_session::__private::FromDisconnect<__SocketSessionAdapter>
        + ::core::marker::Send + 'static,
{
    fn args(
        parts: &mut ::socket_session::__private::DisconnectParts<
            '_,
            __SocketSessionAdapter,
        >,
    ) -> ::core::result::Result<Self::Args, ::socket_session::__private::Rejection> {
        ::core::result::Result::Ok((
            <DisconnectReason as ::socket_session::__private::FromDisconnect<
                __SocketSessionAdapter,
            >>::from_disconnect(parts)?,
        ))
    }
}
