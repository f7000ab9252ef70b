#[derive(Debug)]
pub(crate) struct Cart {
    /// What the customer wants.
    pub things: Vec<String>,
    pub unit_price: Money,
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
    ///Reads `cart.unitPrice`.
    fn unit_price(
        &self,
    ) -> impl ::core::future::Future<
        Output = ::core::result::Result<Money, ::socket_session::__private::SessionError>,
    > + ::core::marker::Send;
    ///Writes `cart.unitPrice`.
    fn set_unit_price(
        &self,
        value: Money,
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
        )
        .corrupt_is_missing();
    const __socket_session_unit_price: ::socket_session::__private::Key<Money> = ::socket_session::__private::key::<
        Money,
    >("cart.unitPrice", <Money as ::socket_session::__private::Defaulted>::default_value)
        .aliases(&["cart.price", "cart.cost"])
        .migrating(|stored: &::socket_session::__private::Value| ::socket_session::__private::migrate::<
            Money,
            _,
            _,
        >(stored, Money::from_cents));
    const __socket_session_currency: ::socket_session::__private::Key<Currency> = ::socket_session::__private::key::<
        Currency,
    >("cart.unit", || Currency::Euro)
        .corrupt_is_missing();
    const __socket_session_total: ::socket_session::__private::Key<u64> = ::socket_session::__private::key::<
        u64,
    >("cart.total", <u64 as ::socket_session::__private::Defaulted>::default_value)
        .corrupt_is_missing();
    #[automatically_derived]
    impl ::socket_session::__private::View for Cart {
        const NAME: &'static str = "Cart";
        const KEYS: &'static [&'static str] = &[
            "cart.items",
            "cart.unitPrice",
            "cart.unit",
            "cart.total",
            "cart.price",
            "cart.cost",
        ];
        fn load(
            fields: &::socket_session::__private::Fields,
        ) -> ::core::result::Result<Self, ::socket_session::__private::Corrupt> {
            ::core::result::Result::Ok(Self {
                things: __socket_session_things.load(fields)?,
                unit_price: __socket_session_unit_price.load(fields)?,
                currency: __socket_session_currency.load(fields)?,
                seen: 7,
                total: __socket_session_total.load(fields)?,
            })
        }
        fn dump(
            &self,
            dump: &mut ::socket_session::__private::Dump<'_>,
        ) -> ::core::result::Result<(), ::socket_session::__private::Unserializable> {
            __socket_session_things.dump(&self.things, dump)?;
            __socket_session_unit_price.dump(&self.unit_price, dump)?;
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
        fn unit_price(
            &self,
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<
                Money,
                ::socket_session::__private::SessionError,
            >,
        > + ::core::marker::Send {
            ::socket_session::__private::get_field(self, __socket_session_unit_price)
        }
        fn set_unit_price(
            &self,
            value: Money,
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<
                (),
                ::socket_session::__private::SessionError,
            >,
        > + ::core::marker::Send {
            ::socket_session::__private::set_field(
                self,
                __socket_session_unit_price,
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
        fn unit_price(
            &self,
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<
                Money,
                ::socket_session::__private::SessionError,
            >,
        > + ::core::marker::Send {
            ::socket_session::__private::plain_get_field(
                self,
                __socket_session_unit_price,
            )
        }
        fn set_unit_price(
            &self,
            value: Money,
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<
                (),
                ::socket_session::__private::SessionError,
            >,
        > + ::core::marker::Send {
            ::socket_session::__private::plain_set_field(
                self,
                __socket_session_unit_price,
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
