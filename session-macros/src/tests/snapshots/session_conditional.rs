#[cfg(feature = "shop")]
struct Visit {
    #[cfg(unix)]
    r#type: String,
    #[deprecated = "use `type`"]
    kind: u8,
}
#[cfg(feature = "shop")]
///Typed access to the fields of `Visit` in a session, one by one.
trait VisitFields {
    ///Reads `type`.
    #[cfg(unix)]
    fn r#type(
        &self,
    ) -> impl ::core::future::Future<
        Output = ::core::result::Result<
            String,
            ::socket_session::__private::SessionError,
        >,
    > + ::core::marker::Send;
    ///Writes `type`.
    #[cfg(unix)]
    fn set_type(
        &self,
        value: String,
    ) -> impl ::core::future::Future<
        Output = ::core::result::Result<(), ::socket_session::__private::SessionError>,
    > + ::core::marker::Send;
    ///Reads `kind`.
    #[deprecated = "use `type`"]
    fn kind(
        &self,
    ) -> impl ::core::future::Future<
        Output = ::core::result::Result<u8, ::socket_session::__private::SessionError>,
    > + ::core::marker::Send;
    ///Writes `kind`.
    #[deprecated = "use `type`"]
    fn set_kind(
        &self,
        value: u8,
    ) -> impl ::core::future::Future<
        Output = ::core::result::Result<(), ::socket_session::__private::SessionError>,
    > + ::core::marker::Send;
}
#[cfg(feature = "shop")]
#[allow(deprecated)]
const _: () = {
    #[cfg(unix)]
    const __socket_session_type: ::socket_session::__private::Key<String> = ::socket_session::__private::key::<
        String,
    >("type", <String as ::socket_session::__private::Defaulted>::default_value);
    const __socket_session_kind: ::socket_session::__private::Key<u8> = ::socket_session::__private::key::<
        u8,
    >("kind", <u8 as ::socket_session::__private::Defaulted>::default_value);
    #[automatically_derived]
    impl ::socket_session::__private::View for Visit {
        const NAME: &'static str = "Visit";
        const KEYS: &'static [&'static str] = &[#[cfg(unix)] "type", "kind"];
        fn load(
            fields: &::socket_session::__private::Fields,
        ) -> ::core::result::Result<Self, ::socket_session::__private::Corrupt> {
            ::core::result::Result::Ok(Self {
                #[cfg(unix)]
                r#type: __socket_session_type.load(fields)?,
                kind: __socket_session_kind.load(fields)?,
            })
        }
        fn dump(
            &self,
            dump: &mut ::socket_session::__private::Dump<'_>,
        ) -> ::core::result::Result<(), ::socket_session::__private::Unserializable> {
            #[cfg(unix)] __socket_session_type.dump(&self.r#type, dump)?;
            __socket_session_kind.dump(&self.kind, dump)?;
            ::core::result::Result::Ok(())
        }
    }
    #[automatically_derived]
    impl VisitFields for ::socket_session::__private::Session<Visit> {
        #[cfg(unix)]
        fn r#type(
            &self,
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<
                String,
                ::socket_session::__private::SessionError,
            >,
        > + ::core::marker::Send {
            ::socket_session::__private::get_field(self, __socket_session_type)
        }
        #[cfg(unix)]
        fn set_type(
            &self,
            value: String,
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<
                (),
                ::socket_session::__private::SessionError,
            >,
        > + ::core::marker::Send {
            ::socket_session::__private::set_field(self, __socket_session_type, value)
        }
        fn kind(
            &self,
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<
                u8,
                ::socket_session::__private::SessionError,
            >,
        > + ::core::marker::Send {
            ::socket_session::__private::get_field(self, __socket_session_kind)
        }
        fn set_kind(
            &self,
            value: u8,
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<
                (),
                ::socket_session::__private::SessionError,
            >,
        > + ::core::marker::Send {
            ::socket_session::__private::set_field(self, __socket_session_kind, value)
        }
    }
    #[automatically_derived]
    impl VisitFields for ::socket_session::__private::tower_sessions::Session {
        #[cfg(unix)]
        fn r#type(
            &self,
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<
                String,
                ::socket_session::__private::SessionError,
            >,
        > + ::core::marker::Send {
            ::socket_session::__private::plain_get_field(self, __socket_session_type)
        }
        #[cfg(unix)]
        fn set_type(
            &self,
            value: String,
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<
                (),
                ::socket_session::__private::SessionError,
            >,
        > + ::core::marker::Send {
            ::socket_session::__private::plain_set_field(
                self,
                __socket_session_type,
                value,
            )
        }
        fn kind(
            &self,
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<
                u8,
                ::socket_session::__private::SessionError,
            >,
        > + ::core::marker::Send {
            ::socket_session::__private::plain_get_field(self, __socket_session_kind)
        }
        fn set_kind(
            &self,
            value: u8,
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<
                (),
                ::socket_session::__private::SessionError,
            >,
        > + ::core::marker::Send {
            ::socket_session::__private::plain_set_field(
                self,
                __socket_session_kind,
                value,
            )
        }
    }
};
