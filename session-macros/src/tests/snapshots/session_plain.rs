pub struct Visit {
    pub authenticated: bool,
    pub count: u32,
}
///Typed access to the fields of `Visit` in a session, one by one.
pub trait VisitFields {
    ///Reads `authenticated`.
    fn authenticated(
        &self,
    ) -> impl ::core::future::Future<
        Output = ::core::result::Result<bool, ::socket_session::__private::SessionError>,
    > + ::core::marker::Send;
    ///Writes `authenticated`.
    fn set_authenticated(
        &self,
        value: bool,
    ) -> impl ::core::future::Future<
        Output = ::core::result::Result<(), ::socket_session::__private::SessionError>,
    > + ::core::marker::Send;
    ///Reads `count`.
    fn count(
        &self,
    ) -> impl ::core::future::Future<
        Output = ::core::result::Result<u32, ::socket_session::__private::SessionError>,
    > + ::core::marker::Send;
    ///Writes `count`.
    fn set_count(
        &self,
        value: u32,
    ) -> impl ::core::future::Future<
        Output = ::core::result::Result<(), ::socket_session::__private::SessionError>,
    > + ::core::marker::Send;
}
const _: () = {
    const __socket_session_authenticated: ::socket_session::__private::Key<bool> = ::socket_session::__private::key::<
        bool,
    >("authenticated", <bool as ::socket_session::__private::Defaulted>::default_value);
    const __socket_session_count: ::socket_session::__private::Key<u32> = ::socket_session::__private::key::<
        u32,
    >("count", <u32 as ::socket_session::__private::Defaulted>::default_value);
    #[automatically_derived]
    impl ::socket_session::__private::View for Visit {
        const NAME: &'static str = "Visit";
        const KEYS: &'static [&'static str] = &["authenticated", "count"];
        fn load(
            fields: &::socket_session::__private::Fields,
        ) -> ::core::result::Result<Self, ::socket_session::__private::Corrupt> {
            ::core::result::Result::Ok(Self {
                authenticated: __socket_session_authenticated.load(fields)?,
                count: __socket_session_count.load(fields)?,
            })
        }
        fn dump(
            &self,
            dump: &mut ::socket_session::__private::Dump<'_>,
        ) -> ::core::result::Result<(), ::socket_session::__private::Unserializable> {
            __socket_session_authenticated.dump(&self.authenticated, dump)?;
            __socket_session_count.dump(&self.count, dump)?;
            ::core::result::Result::Ok(())
        }
    }
    #[automatically_derived]
    impl VisitFields for ::socket_session::__private::Session<Visit> {
        fn authenticated(
            &self,
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<
                bool,
                ::socket_session::__private::SessionError,
            >,
        > + ::core::marker::Send {
            ::socket_session::__private::get_field(self, __socket_session_authenticated)
        }
        fn set_authenticated(
            &self,
            value: bool,
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<
                (),
                ::socket_session::__private::SessionError,
            >,
        > + ::core::marker::Send {
            ::socket_session::__private::set_field(
                self,
                __socket_session_authenticated,
                value,
            )
        }
        fn count(
            &self,
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<
                u32,
                ::socket_session::__private::SessionError,
            >,
        > + ::core::marker::Send {
            ::socket_session::__private::get_field(self, __socket_session_count)
        }
        fn set_count(
            &self,
            value: u32,
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<
                (),
                ::socket_session::__private::SessionError,
            >,
        > + ::core::marker::Send {
            ::socket_session::__private::set_field(self, __socket_session_count, value)
        }
    }
    #[automatically_derived]
    impl VisitFields for ::socket_session::__private::tower_sessions::Session {
        fn authenticated(
            &self,
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<
                bool,
                ::socket_session::__private::SessionError,
            >,
        > + ::core::marker::Send {
            ::socket_session::__private::plain_get_field(
                self,
                __socket_session_authenticated,
            )
        }
        fn set_authenticated(
            &self,
            value: bool,
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<
                (),
                ::socket_session::__private::SessionError,
            >,
        > + ::core::marker::Send {
            ::socket_session::__private::plain_set_field(
                self,
                __socket_session_authenticated,
                value,
            )
        }
        fn count(
            &self,
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<
                u32,
                ::socket_session::__private::SessionError,
            >,
        > + ::core::marker::Send {
            ::socket_session::__private::plain_get_field(self, __socket_session_count)
        }
        fn set_count(
            &self,
            value: u32,
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<
                (),
                ::socket_session::__private::SessionError,
            >,
        > + ::core::marker::Send {
            ::socket_session::__private::plain_set_field(
                self,
                __socket_session_count,
                value,
            )
        }
    }
};
