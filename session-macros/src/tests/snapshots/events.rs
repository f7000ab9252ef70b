impl Visit {
    const STEP: u32 = 1;
    /// Counts.
    async fn my_event(&mut self, Data(by): Data<u32>) -> u32 {
        self.count += by * Self::STEP;
        self.count
    }
    #[cfg(debug_assertions)]
    async fn bye(last: Option<&Self>) {}
    fn is_new(&self) -> bool {
        self.count == 0
    }
}
const _: () = {
    #[doc(hidden)]
    #[repr(C)]
    #[non_exhaustive]
    struct __socket_session_my_event {}
    const _: () = {
        ::socket_session::__private::assert_disjoint(
            &[<Visit as ::socket_session::__private::View>::KEYS],
        );
    };
    #[automatically_derived]
    impl<
        __SocketSessionAdapter,
    > ::socket_session::__private::Handler<__SocketSessionAdapter>
    for __socket_session_my_event
    where
        __SocketSessionAdapter: ::socket_session::__private::Adapter,
        Visit: ::socket_session::__private::ViewParam<__SocketSessionAdapter>,
    {
        type Views = (
            <Visit as ::socket_session::__private::ViewParam<
                __SocketSessionAdapter,
            >>::Write,
        );
        type Args = (Data<u32>,);
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
                        <Visit>::my_event(
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
    impl<
        __SocketSessionAdapter,
    > ::socket_session::__private::Event<__SocketSessionAdapter>
    for __socket_session_my_event
    where
        __SocketSessionAdapter: ::socket_session::__private::Adapter,
        Visit: ::socket_session::__private::ViewParam<__SocketSessionAdapter>,
    {
        const NAME: &'static str = "my event";
        fn args(
            parts: &mut ::socket_session::__private::EventParts<
                '_,
                __SocketSessionAdapter,
            >,
        ) -> ::core::result::Result<Self::Args, ::socket_session::__private::Rejection> {
            ::core::result::Result::Ok((
                <Data<
                    u32,
                > as ::socket_session::__private::FromEvent<
                    __SocketSessionAdapter,
                >>::from_event(parts)?,
            ))
        }
        fn guard() -> ::core::option::Option<
            ::socket_session::__private::EventGuard<__SocketSessionAdapter>,
        > {
            ::core::option::Option::Some(
                ::socket_session::__private::event_guard::<
                    __SocketSessionAdapter,
                    ::socket_session::__private::plain_guard::__SocketSessionGuard,
                    _,
                    _,
                >(Visit::is_new),
            )
        }
    }
    #[cfg(debug_assertions)]
    #[doc(hidden)]
    #[repr(C)]
    #[non_exhaustive]
    struct __socket_session_bye {}
    #[cfg(debug_assertions)]
    const _: () = {
        ::socket_session::__private::assert_disjoint(
            &[<Visit as ::socket_session::__private::View>::KEYS],
        );
    };
    #[cfg(debug_assertions)]
    #[automatically_derived]
    impl<
        __SocketSessionAdapter,
    > ::socket_session::__private::Handler<__SocketSessionAdapter>
    for __socket_session_bye
    where
        __SocketSessionAdapter: ::socket_session::__private::Adapter,
        Visit: ::socket_session::__private::ViewParam<__SocketSessionAdapter>,
    {
        type Views = (
            <Visit as ::socket_session::__private::ViewParam<
                __SocketSessionAdapter,
            >>::Maybe,
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
                        <Visit>::bye(
                                <Visit as ::socket_session::__private::ViewParam<
                                    __SocketSessionAdapter,
                                >>::maybe(view0),
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
    #[cfg(debug_assertions)]
    #[automatically_derived]
    impl<
        __SocketSessionAdapter,
    > ::socket_session::__private::Disconnect<__SocketSessionAdapter>
    for __socket_session_bye
    where
        __SocketSessionAdapter: ::socket_session::__private::Adapter,
        Visit: ::socket_session::__private::ViewParam<__SocketSessionAdapter>,
    {
        fn args(
            parts: &mut ::socket_session::__private::DisconnectParts<
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
    for __socket_session_my_event
    where
        __SocketSessionAdapter: ::socket_session::__private::Adapter,
        __socket_session_my_event: ::socket_session::__private::Event<
            __SocketSessionAdapter,
        >,
    {
        fn register(
            namespace: ::socket_session::__private::Namespace<__SocketSessionAdapter>,
        ) -> ::socket_session::__private::Namespace<__SocketSessionAdapter> {
            namespace.on::<__socket_session_my_event>()
        }
    }
    #[cfg(debug_assertions)]
    #[automatically_derived]
    impl<
        __SocketSessionAdapter,
    > ::socket_session::__private::Events<__SocketSessionAdapter>
    for __socket_session_bye
    where
        __SocketSessionAdapter: ::socket_session::__private::Adapter,
        __socket_session_bye: ::socket_session::__private::Disconnect<
            __SocketSessionAdapter,
        >,
    {
        fn register(
            namespace: ::socket_session::__private::Namespace<__SocketSessionAdapter>,
        ) -> ::socket_session::__private::Namespace<__SocketSessionAdapter> {
            namespace.on_disconnect::<__socket_session_bye>()
        }
    }
    #[cfg(not(all(debug_assertions)))]
    #[repr(C)]
    struct __socket_session_bye {}
    #[cfg(not(all(debug_assertions)))]
    impl<
        __SocketSessionAdapter: ::socket_session::__private::Adapter,
    > ::socket_session::__private::Events<__SocketSessionAdapter>
    for __socket_session_bye {
        fn register(
            namespace: ::socket_session::__private::Namespace<__SocketSessionAdapter>,
        ) -> ::socket_session::__private::Namespace<__SocketSessionAdapter> {
            namespace
        }
    }
    const _: () = {
        ::socket_session::__private::assert_events_differ(
            &[&["my event"]],
            <Chat as ::socket_session::__private::Named>::EVENTS,
        );
    };
    #[automatically_derived]
    impl<
        __SocketSessionAdapter,
    > ::socket_session::__private::Events<__SocketSessionAdapter> for Visit
    where
        __SocketSessionAdapter: ::socket_session::__private::Adapter,
        __socket_session_my_event: ::socket_session::__private::Events<
            __SocketSessionAdapter,
        >,
        __socket_session_bye: ::socket_session::__private::Events<
            __SocketSessionAdapter,
        >,
        Chat: ::socket_session::__private::Events<__SocketSessionAdapter>,
    {
        fn register(
            namespace: ::socket_session::__private::Namespace<__SocketSessionAdapter>,
        ) -> ::socket_session::__private::Namespace<__SocketSessionAdapter> {
            let namespace = <__socket_session_my_event as ::socket_session::__private::Events<
                __SocketSessionAdapter,
            >>::register(namespace);
            let namespace = <__socket_session_bye as ::socket_session::__private::Events<
                __SocketSessionAdapter,
            >>::register(namespace);
            let namespace = <Chat as ::socket_session::__private::Events<
                __SocketSessionAdapter,
            >>::register(namespace);
            namespace
        }
    }
};
