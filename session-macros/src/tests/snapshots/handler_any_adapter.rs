async fn add<B>(visit: &mut Visit, s: SocketRef<B>)
where
    B: Adapter + Clone,
{}
#[doc(hidden)]
#[repr(C)]
#[non_exhaustive]
struct add {}
const _: () = {
    ::socket_session::__private::assert_disjoint(
        &[<Visit as ::socket_session::__private::View>::KEYS],
    );
    const fn check<B>()
    where
        B: Adapter + Clone,
    {
        ::socket_session::__private::assert_adapter::<B>();
    }
};
#[automatically_derived]
impl<B> ::socket_session::__private::Handler<B> for add
where
    B: ::socket_session::__private::Adapter,
    B: Adapter + Clone,
    Visit: ::socket_session::__private::ViewParam<B>,
    SocketRef<
        B,
    >: ::socket_session::__private::FromEvent<B> + ::core::marker::Send + 'static,
{
    type Views = (<Visit as ::socket_session::__private::ViewParam<B>>::Write,);
    type Args = (SocketRef<B>,);
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
                    add::<
                        B,
                    >(
                            <Visit as ::socket_session::__private::ViewParam<
                                B,
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
impl<B> ::socket_session::__private::Event<B> for add
where
    B: ::socket_session::__private::Adapter,
    B: Adapter + Clone,
    Visit: ::socket_session::__private::ViewParam<B>,
    SocketRef<
        B,
    >: ::socket_session::__private::FromEvent<B> + ::core::marker::Send + 'static,
{
    const NAME: &'static str = "add";
    fn args(
        parts: &mut ::socket_session::__private::EventParts<'_, B>,
    ) -> ::core::result::Result<Self::Args, ::socket_session::__private::Rejection> {
        ::core::result::Result::Ok((
            <SocketRef<
                B,
            > as ::socket_session::__private::FromEvent<B>>::from_event(parts)?,
        ))
    }
    ::socket_session::__private::typescript! {
        [] [SocketRef < B >] ()
    }
}
