async fn bye(visit: Option<&Visit>, reason: DisconnectReason) {}
#[doc(hidden)]
#[repr(C)]
#[non_exhaustive]
struct bye {}
const _: () = {
    use ::socket_session::__private as __rt;
    #[automatically_derived]
    impl<__A: __rt::Adapter> __rt::Handler<__A> for bye
    where
        Visit: __rt::ViewParam<__A>,
        DisconnectReason: __rt::FromDisconnect<__A> + ::core::marker::Send + 'static,
    {
        type Views = (<Visit as __rt::ViewParam<__A>>::Maybe,);
        type Args = (DisconnectReason,);
        type Output = __rt::Outcome;
        async fn run(
            mut views: Self::Views,
            args: Self::Args,
        ) -> (Self::Views, Self::Output) {
            let outcome = {
                let (view0,) = &mut views;
                let (arg0,) = args;
                let returned = __rt::Returned::new(
                    bye(<Visit as __rt::ViewParam<__A>>::maybe(view0), arg0).await,
                );
                returned.reply()
            };
            (views, outcome)
        }
    }
    impl<__A: __rt::Adapter> __rt::Disconnect<__A> for bye
    where
        Self: __rt::Handler<
            __A,
            Output = __rt::Outcome,
            Args: __rt::DisconnectArgs<__A>,
        >,
    {}
    __rt::assert_disjoint(&[<Visit as __rt::View>::KEYS]);
    __rt::assert_disconnect_arg::<DisconnectReason>();
};
