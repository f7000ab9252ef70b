impl super::Visit {
    async fn message(&self) {}
}
///Event handlers, for `.events::<Chat>()` of a namespace.
#[non_exhaustive]
pub(crate) struct Chat {}
const _: () = {
    #[doc(hidden)]
    #[repr(C)]
    #[non_exhaustive]
    struct __socket_session_message {}
    const _: () = {
        ::socket_session::__private::assert_disjoint(
            &[<super::Visit as ::socket_session::__private::View>::KEYS],
        );
    };
    #[automatically_derived]
    impl<
        __SocketSessionAdapter,
    > ::socket_session::__private::Handler<__SocketSessionAdapter>
    for __socket_session_message
    where
        __SocketSessionAdapter: ::socket_session::__private::Adapter,
        super::Visit: ::socket_session::__private::ViewParam<__SocketSessionAdapter>,
    {
        type Views = (
            <super::Visit as ::socket_session::__private::ViewParam<
                __SocketSessionAdapter,
            >>::Read,
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
                        <super::Visit>::message(
                                <super::Visit as ::socket_session::__private::ViewParam<
                                    __SocketSessionAdapter,
                                >>::read(view0),
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
    > ::socket_session::__private::Event<__SocketSessionAdapter>
    for __socket_session_message
    where
        __SocketSessionAdapter: ::socket_session::__private::Adapter,
        super::Visit: ::socket_session::__private::ViewParam<__SocketSessionAdapter>,
    {
        const NAME: &'static str = "message";
        fn args(
            parts: &mut ::socket_session::__private::EventParts<
                '_,
                __SocketSessionAdapter,
            >,
        ) -> ::core::result::Result<Self::Args, ::socket_session::__private::Rejection> {
            ::core::result::Result::Ok(())
        }
    }
    #[automatically_derived]
    impl<
        __SocketSessionAdapter,
    > ::socket_session::__private::Events<__SocketSessionAdapter>
    for __socket_session_message
    where
        __SocketSessionAdapter: ::socket_session::__private::Adapter,
        __socket_session_message: ::socket_session::__private::Event<
            __SocketSessionAdapter,
        >,
    {
        fn register(
            namespace: ::socket_session::__private::Namespace<__SocketSessionAdapter>,
        ) -> ::socket_session::__private::Namespace<__SocketSessionAdapter> {
            namespace.on::<__socket_session_message>()
        }
    }
    #[automatically_derived]
    impl ::socket_session::__private::Named for Chat {
        const EVENTS: &'static [&'static str] = &["message"];
    }
    #[automatically_derived]
    impl<
        __SocketSessionAdapter,
    > ::socket_session::__private::Events<__SocketSessionAdapter> for Chat
    where
        __SocketSessionAdapter: ::socket_session::__private::Adapter,
        __socket_session_message: ::socket_session::__private::Events<
            __SocketSessionAdapter,
        >,
    {
        fn register(
            namespace: ::socket_session::__private::Namespace<__SocketSessionAdapter>,
        ) -> ::socket_session::__private::Namespace<__SocketSessionAdapter> {
            let namespace = <__socket_session_message as ::socket_session::__private::Events<
                __SocketSessionAdapter,
            >>::register(namespace);
            namespace
        }
    }
};
