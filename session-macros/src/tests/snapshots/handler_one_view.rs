async fn my_event(visit: &mut Visit) -> u32 {
    visit.count += 1;
    visit.count
}
#[doc(hidden)]
#[repr(C)]
#[non_exhaustive]
struct my_event {}
const _: () = {
    ::socket_session::__private::assert_disjoint(
        &[<Visit as ::socket_session::__private::View>::KEYS],
    );
};
#[automatically_derived]
impl<__SocketSessionAdapter> ::socket_session::__private::Handler<__SocketSessionAdapter>
for my_event
where
    __SocketSessionAdapter: ::socket_session::__private::Adapter,
    Visit: ::socket_session::__private::ViewParam<__SocketSessionAdapter>,
{
    type Views = (
        <Visit as ::socket_session::__private::ViewParam<__SocketSessionAdapter>>::Write,
    );
    type Args = ();
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
                let () = args;
                let returned = ::socket_session::__private::Returned::new(
                    my_event(
                            <Visit as ::socket_session::__private::ViewParam<
                                __SocketSessionAdapter,
                            >>::write(view0),
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
for my_event
where
    __SocketSessionAdapter: ::socket_session::__private::Adapter,
    Visit: ::socket_session::__private::ViewParam<__SocketSessionAdapter>,
{
    const NAME: &'static str = "my event";
    fn args(
        parts: &mut ::socket_session::__private::EventParts<'_, __SocketSessionAdapter>,
    ) -> ::core::result::Result<Self::Args, ::socket_session::__private::Rejection> {
        ::core::result::Result::Ok(())
    }
    ::socket_session::__private::typescript! {
        [] [] u32
    }
}
