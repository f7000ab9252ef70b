async fn delete() {}
#[doc(hidden)]
#[repr(C)]
#[non_exhaustive]
struct delete {}
const _: () = {
    use ::socket_session::__private as __rt;
    #[automatically_derived]
    impl<__A: __rt::Adapter> __rt::Handler<__A> for delete {
        type Views = ();
        type Args = ();
        type Output = __rt::Outcome;
        async fn run(
            views: Self::Views,
            args: Self::Args,
        ) -> (Self::Views, Self::Output) {
            let outcome = {
                let () = views;
                let () = args;
                let returned = __rt::Returned::new(delete().await);
                returned.reply()
            };
            (views, outcome)
        }
    }
    impl<__A: __rt::Adapter> __rt::Event<__A> for delete
    where
        Self: __rt::Handler<__A, Output = __rt::Outcome, Args: __rt::EventArgs<__A>>,
    {
        const NAME: &'static str = "delete";
        fn guard() -> ::core::option::Option<
            ::socket_session::__private::EventGuard<__A>,
        > {
            ::core::option::Option::Some(
                ::socket_session::__private::event_guard::<
                    __A,
                    ::socket_session::__private::plain_guard::__SocketSessionGuard,
                    _,
                    _,
                >(Visit::is_admin),
            )
        }
        __rt::typescript!([] [] ());
    }
};
