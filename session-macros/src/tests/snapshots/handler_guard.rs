async fn logged_in(visit: &Visit, s: SocketRef) -> bool {
    visit.authenticated
}
#[doc(hidden)]
#[repr(C)]
#[non_exhaustive]
struct logged_in {}
const _: () = {
    use ::socket_session::__private as __rt;
    #[automatically_derived]
    impl<__A: __rt::Adapter> __rt::Handler<__A> for logged_in
    where
        Visit: __rt::ViewParam<__A>,
        SocketRef: __rt::FromEvent<__A> + __rt::FromConnect<__A> + ::core::marker::Send
            + 'static,
    {
        type Views = (<Visit as __rt::ViewParam<__A>>::Read,);
        type Args = (SocketRef,);
        type Output = __rt::Verdict;
        async fn run(
            mut views: Self::Views,
            args: Self::Args,
        ) -> (Self::Views, Self::Output) {
            let outcome = {
                let (view0,) = &mut views;
                let (arg0,) = args;
                let returned = __rt::Returned::new(
                    logged_in(<Visit as __rt::ViewParam<__A>>::read(view0), arg0).await,
                );
                returned.verdict()
            };
            (views, outcome)
        }
    }
    impl<__A: __rt::Adapter> __rt::Guard<__A> for logged_in
    where
        Self: __rt::Handler<
            __A,
            Output = __rt::Verdict,
            Args: __rt::EventArgs<__A> + __rt::ConnectArgs<__A>,
        >,
    {}
    #[automatically_derived]
    impl<__A: __rt::Adapter> __rt::Asks<__A> for logged_in {
        type Inputs = (&'static Visit, SocketRef);
    }
    __rt::assert_disjoint(&[<Visit as __rt::View>::KEYS]);
    __rt::assert_event_arg::<SocketRef>();
    __rt::assert_connect_arg::<SocketRef>();
};
