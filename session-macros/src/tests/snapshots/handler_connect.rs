async fn hello(visit: &mut Visit, auth: Data<Auth>) {}
#[doc(hidden)]
#[repr(C)]
#[non_exhaustive]
struct hello {}
const _: () = {
    ::socket_session::__private::assert_disjoint(
        &[<Visit as ::socket_session::__private::View>::KEYS],
    );
};
#[automatically_derived]
impl<__SocketSessionAdapter> ::socket_session::__private::Handler<__SocketSessionAdapter>
for hello
where
    __SocketSessionAdapter: ::socket_session::__private::Adapter,
    Visit: ::socket_session::__private::ViewParam<__SocketSessionAdapter>,
{
    type Views = (
        <Visit as ::socket_session::__private::ViewParam<__SocketSessionAdapter>>::Write,
    );
    type Args = (Data<Auth>,);
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
                    hello(
                            <Visit as ::socket_session::__private::ViewParam<
                                __SocketSessionAdapter,
                            >>::write(view0),
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
impl<__SocketSessionAdapter> ::socket_session::__private::Connect<__SocketSessionAdapter>
for hello
where
    __SocketSessionAdapter: ::socket_session::__private::Adapter,
    Visit: ::socket_session::__private::ViewParam<__SocketSessionAdapter>,
{
    fn args(
        parts: &mut ::socket_session::__private::ConnectParts<'_, __SocketSessionAdapter>,
    ) -> ::core::result::Result<Self::Args, ::socket_session::__private::Rejection> {
        ::core::result::Result::Ok((
            <Data<
                Auth,
            > as ::socket_session::__private::FromConnect<
                __SocketSessionAdapter,
            >>::from_connect(parts)?,
        ))
    }
}
