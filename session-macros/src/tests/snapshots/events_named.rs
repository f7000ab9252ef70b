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
        use ::socket_session::__private as __rt;
        #[automatically_derived]
        impl<__A: __rt::Adapter> __rt::Handler<__A> for __socket_session_message
        where
            super::Visit: __rt::ViewParam<__A>,
        {
            type Views = (<super::Visit as __rt::ViewParam<__A>>::Read,);
            type Args = ();
            type Output = __rt::Outcome;
            async fn run(
                mut views: Self::Views,
                args: Self::Args,
            ) -> (Self::Views, Self::Output) {
                let outcome = {
                    let (view0,) = &mut views;
                    let () = args;
                    let returned = __rt::Returned::new(
                        <super::Visit>::message(
                                <super::Visit as __rt::ViewParam<__A>>::read(view0),
                            )
                            .await,
                    );
                    returned.reply()
                };
                (views, outcome)
            }
        }
        impl<__A: __rt::Adapter> __rt::Event<__A> for __socket_session_message
        where
            Self: __rt::Handler<__A, Output = __rt::Outcome, Args: __rt::EventArgs<__A>>,
        {
            const NAME: &'static str = "message";
            __rt::typescript!([] [] ());
        }
        __rt::assert_disjoint(&[<super::Visit as __rt::View>::KEYS]);
    };
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
