async fn delete() {}
#[doc(hidden)]
#[repr(C)]
#[non_exhaustive]
struct delete {}
#[automatically_derived]
impl<__SocketSessionAdapter> ::socket_session::__private::Handler<__SocketSessionAdapter>
for delete
where
    __SocketSessionAdapter: ::socket_session::__private::Adapter,
{
    type Views = ();
    type Args = ();
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
                let () = args;
                let returned = ::socket_session::__private::Returned::new(
                    delete().await,
                );
                let outcome = returned.reply();
                outcome
            };
            (views, outcome)
        }
    }
}
const _: () = {
    use ::socket_session::__private::plain_guard::*;
    use guards::is_admin as __SocketSessionGuard;
    #[automatically_derived]
    impl<
        __SocketSessionAdapter,
    > ::socket_session::__private::Event<__SocketSessionAdapter> for delete
    where
        __SocketSessionAdapter: ::socket_session::__private::Adapter,
        __SocketSessionGuard: ::socket_session::__private::Guard<__SocketSessionAdapter>,
    {
        const NAME: &'static str = "delete";
        fn args(
            parts: &mut ::socket_session::__private::EventParts<
                '_,
                __SocketSessionAdapter,
            >,
        ) -> ::core::result::Result<Self::Args, ::socket_session::__private::Rejection> {
            ::core::result::Result::Ok(())
        }
        fn guard() -> ::core::option::Option<
            ::socket_session::__private::EventGuard<__SocketSessionAdapter>,
        > {
            ::core::option::Option::Some(
                ::socket_session::__private::event_guard::<
                    __SocketSessionAdapter,
                    __SocketSessionGuard,
                    _,
                    _,
                >(__SocketSessionGuard),
            )
        }
        ::socket_session::__private::typescript! {
            [] [] ()
        }
    }
};
