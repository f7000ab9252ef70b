pub(crate) async fn checkout(
    Data(by): Data<u32>,
    user: &User,
    after: AfterSave,
    cart: &mut shop::Cart,
    admin: Option<&Admin>,
) -> Result<u32, &'static str> {
    unreachable!()
}
#[doc(hidden)]
#[repr(C)]
#[non_exhaustive]
pub(crate) struct checkout {}
const _: () = {
    ::socket_session::__private::assert_disjoint(
        &[
            <User as ::socket_session::__private::View>::KEYS,
            <shop::Cart as ::socket_session::__private::View>::KEYS,
            <Admin as ::socket_session::__private::View>::KEYS,
        ],
    );
    ::socket_session::__private::assert_event_arg::<AfterSave>();
};
#[automatically_derived]
impl<__SocketSessionAdapter> ::socket_session::__private::Handler<__SocketSessionAdapter>
for checkout
where
    __SocketSessionAdapter: ::socket_session::__private::Adapter,
    User: ::socket_session::__private::ViewParam<__SocketSessionAdapter>,
    shop::Cart: ::socket_session::__private::ViewParam<__SocketSessionAdapter>,
    Admin: ::socket_session::__private::ViewParam<__SocketSessionAdapter>,
    AfterSave: ::socket_session::__private::FromEvent<__SocketSessionAdapter>
        + ::core::marker::Send + 'static,
{
    type Views = (
        <User as ::socket_session::__private::ViewParam<__SocketSessionAdapter>>::Read,
        <shop::Cart as ::socket_session::__private::ViewParam<
            __SocketSessionAdapter,
        >>::Write,
        <Admin as ::socket_session::__private::ViewParam<__SocketSessionAdapter>>::Maybe,
    );
    type Args = (Data<u32>, AfterSave);
    type Output = ::socket_session::__private::Outcome;
    fn run(
        mut views: Self::Views,
        args: Self::Args,
    ) -> impl ::core::future::Future<
        Output = (Self::Views, Self::Output),
    > + ::core::marker::Send {
        async move {
            let outcome = {
                let (view0, view1, view2) = &mut views;
                let (arg0, arg1) = args;
                let returned = ::socket_session::__private::Returned::new(
                    checkout(
                            arg0,
                            <User as ::socket_session::__private::ViewParam<
                                __SocketSessionAdapter,
                            >>::read(view0),
                            arg1,
                            <shop::Cart as ::socket_session::__private::ViewParam<
                                __SocketSessionAdapter,
                            >>::write(view1),
                            <Admin as ::socket_session::__private::ViewParam<
                                __SocketSessionAdapter,
                            >>::maybe(view2),
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
impl<__SocketSessionAdapter> ::socket_session::__private::Event<__SocketSessionAdapter>
for checkout
where
    __SocketSessionAdapter: ::socket_session::__private::Adapter,
    User: ::socket_session::__private::ViewParam<__SocketSessionAdapter>,
    shop::Cart: ::socket_session::__private::ViewParam<__SocketSessionAdapter>,
    Admin: ::socket_session::__private::ViewParam<__SocketSessionAdapter>,
    AfterSave: ::socket_session::__private::FromEvent<__SocketSessionAdapter>
        + ::core::marker::Send + 'static,
{
    const NAME: &'static str = "checkout";
    fn args(
        parts: &mut ::socket_session::__private::EventParts<'_, __SocketSessionAdapter>,
    ) -> ::core::result::Result<Self::Args, ::socket_session::__private::Rejection> {
        ::core::result::Result::Ok((
            <Data<
                u32,
            > as ::socket_session::__private::FromEvent<
                __SocketSessionAdapter,
            >>::from_event(parts)?,
            <AfterSave as ::socket_session::__private::FromEvent<
                __SocketSessionAdapter,
            >>::from_event(parts)?,
        ))
    }
}
