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
        use ::socket_session::__private as __rt;
        #[automatically_derived]
        impl<__A: __rt::Adapter> __rt::Handler<__A> for __socket_session_my_event
        where
            Visit: __rt::ViewParam<__A>,
            Data<u32>: __rt::FromEvent<__A> + ::core::marker::Send + 'static,
        {
            type Views = (<Visit as __rt::ViewParam<__A>>::Write,);
            type Args = (Data<u32>,);
            type Output = __rt::Outcome;
            async fn run(
                mut views: Self::Views,
                args: Self::Args,
            ) -> (Self::Views, Self::Output) {
                let outcome = {
                    let (view0,) = &mut views;
                    let (arg0,) = args;
                    let returned = __rt::Returned::new(
                        <Visit>::my_event(
                                <Visit as __rt::ViewParam<__A>>::write(view0),
                                arg0,
                            )
                            .await,
                    );
                    returned.reply()
                };
                (views, outcome)
            }
        }
        impl<__A: __rt::Adapter> __rt::Event<__A> for __socket_session_my_event
        where
            Self: __rt::Handler<__A, Output = __rt::Outcome, Args: __rt::EventArgs<__A>>,
        {
            const NAME: &'static str = "my event";
            fn guard() -> ::core::option::Option<
                ::socket_session::__private::EventGuard<__A>,
            > {
                ::core::option::Option::Some(
                    ::socket_session::__private::event_guard::<
                        __A,
                        ::socket_session::__private::plain_guard::__SocketSessionGuard,
                        _,
                        _,
                    >(Visit::is_new),
                )
            }
            __rt::typescript!([" Counts."] [Data < u32 >] u32);
        }
        __rt::assert_disjoint(&[<Visit as __rt::View>::KEYS]);
        __rt::assert_event_arg::<Data<u32>>();
    };
    #[cfg(debug_assertions)]
    #[doc(hidden)]
    #[repr(C)]
    #[non_exhaustive]
    struct __socket_session_bye {}
    #[cfg(debug_assertions)]
    const _: () = {
        use ::socket_session::__private as __rt;
        #[automatically_derived]
        impl<__A: __rt::Adapter> __rt::Handler<__A> for __socket_session_bye
        where
            Visit: __rt::ViewParam<__A>,
        {
            type Views = (<Visit as __rt::ViewParam<__A>>::Maybe,);
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
                        <Visit>::bye(<Visit as __rt::ViewParam<__A>>::maybe(view0)).await,
                    );
                    returned.reply()
                };
                (views, outcome)
            }
        }
        impl<__A: __rt::Adapter> __rt::Disconnect<__A> for __socket_session_bye
        where
            Self: __rt::Handler<
                __A,
                Output = __rt::Outcome,
                Args: __rt::DisconnectArgs<__A>,
            >,
        {}
        __rt::assert_disjoint(&[<Visit as __rt::View>::KEYS]);
    };
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
