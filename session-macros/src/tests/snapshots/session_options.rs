#[derive(Debug)]
pub(crate) struct Cart {
    /// What the customer wants.
    pub things: Vec<String>,
    pub(crate) currency: Currency,
    pub seen: u8,
    /// Less visible than the struct: no accessor.
    total: u64,
}
///Typed access to the fields of `Cart` in a session, one by one.
pub(crate) trait CartFields {
    /// What the customer wants.
    fn things(
        &self,
    ) -> impl ::core::future::Future<
        Output = ::core::result::Result<
            Vec<String>,
            ::socket_session::__private::SessionError,
        >,
    > + ::core::marker::Send;
    ///Writes `cart.items`.
    ///
    /// What the customer wants.
    fn set_things(
        &self,
        value: Vec<String>,
    ) -> impl ::core::future::Future<
        Output = ::core::result::Result<(), ::socket_session::__private::SessionError>,
    > + ::core::marker::Send;
    ///Reads `cart.unit`.
    fn currency(
        &self,
    ) -> impl ::core::future::Future<
        Output = ::core::result::Result<
            Currency,
            ::socket_session::__private::SessionError,
        >,
    > + ::core::marker::Send;
    ///Writes `cart.unit`.
    fn set_currency(
        &self,
        value: Currency,
    ) -> impl ::core::future::Future<
        Output = ::core::result::Result<(), ::socket_session::__private::SessionError>,
    > + ::core::marker::Send;
}
const _: () = {
    const __socket_session_things: ::socket_session::__private::Key<Vec<String>> = ::socket_session::__private::key::<
        Vec<String>,
    >(
        "cart.items",
        <Vec<String> as ::socket_session::__private::Defaulted>::default_value,
    );
    const __socket_session_currency: ::socket_session::__private::Key<Currency> = ::socket_session::__private::key::<
        Currency,
    >("cart.unit", || Currency::Euro);
    const __socket_session_total: ::socket_session::__private::Key<u64> = ::socket_session::__private::key::<
        u64,
    >("cart.total", <u64 as ::socket_session::__private::Defaulted>::default_value);
    #[automatically_derived]
    impl ::socket_session::__private::View for Cart {
        const NAME: &'static str = "Cart";
        const KEYS: &'static [&'static str] = &["cart.items", "cart.unit", "cart.total"];
        fn load(
            fields: &::socket_session::__private::Fields,
        ) -> ::core::result::Result<Self, ::socket_session::__private::Corrupt> {
            ::core::result::Result::Ok(Self {
                things: __socket_session_things.load(fields)?,
                currency: __socket_session_currency.load(fields)?,
                seen: 7,
                total: __socket_session_total.load(fields)?,
            })
        }
        fn dump(
            &self,
            dump: &mut ::socket_session::__private::Dump,
        ) -> ::core::result::Result<(), ::socket_session::__private::Unserializable> {
            __socket_session_things.dump(&self.things, dump)?;
            __socket_session_currency.dump(&self.currency, dump)?;
            __socket_session_total.dump(&self.total, dump)?;
            ::core::result::Result::Ok(())
        }
    }
    #[automatically_derived]
    impl CartFields for ::socket_session::__private::Session<Cart> {
        fn things(
            &self,
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<
                Vec<String>,
                ::socket_session::__private::SessionError,
            >,
        > + ::core::marker::Send {
            ::socket_session::__private::get_field(self, __socket_session_things)
        }
        fn set_things(
            &self,
            value: Vec<String>,
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<
                (),
                ::socket_session::__private::SessionError,
            >,
        > + ::core::marker::Send {
            ::socket_session::__private::set_field(self, __socket_session_things, value)
        }
        fn currency(
            &self,
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<
                Currency,
                ::socket_session::__private::SessionError,
            >,
        > + ::core::marker::Send {
            ::socket_session::__private::get_field(self, __socket_session_currency)
        }
        fn set_currency(
            &self,
            value: Currency,
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<
                (),
                ::socket_session::__private::SessionError,
            >,
        > + ::core::marker::Send {
            ::socket_session::__private::set_field(
                self,
                __socket_session_currency,
                value,
            )
        }
    }
    #[automatically_derived]
    impl CartFields for ::socket_session::__private::tower_sessions::Session {
        fn things(
            &self,
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<
                Vec<String>,
                ::socket_session::__private::SessionError,
            >,
        > + ::core::marker::Send {
            ::socket_session::__private::plain_get_field(self, __socket_session_things)
        }
        fn set_things(
            &self,
            value: Vec<String>,
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<
                (),
                ::socket_session::__private::SessionError,
            >,
        > + ::core::marker::Send {
            ::socket_session::__private::plain_set_field(
                self,
                __socket_session_things,
                value,
            )
        }
        fn currency(
            &self,
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<
                Currency,
                ::socket_session::__private::SessionError,
            >,
        > + ::core::marker::Send {
            ::socket_session::__private::plain_get_field(self, __socket_session_currency)
        }
        fn set_currency(
            &self,
            value: Currency,
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<
                (),
                ::socket_session::__private::SessionError,
            >,
        > + ::core::marker::Send {
            ::socket_session::__private::plain_set_field(
                self,
                __socket_session_currency,
                value,
            )
        }
    }
};
