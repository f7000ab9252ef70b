pub struct Visit {
    pub count: u32,
}
#[automatically_derived]
impl ::socket_session::__private::View for Visit {
    const NAME: &'static str = "Visit";
    const KEYS: &'static [&'static str] = &[];
    fn load(
        _: &::socket_session::__private::Fields,
    ) -> ::core::result::Result<Self, ::socket_session::__private::Corrupt> {
        ::core::unreachable!()
    }
    fn dump(
        &self,
        _: &mut ::socket_session::__private::Dump<'_>,
    ) -> ::core::result::Result<(), ::socket_session::__private::Unserializable> {
        ::core::unreachable!()
    }
}
///Typed access to the fields of `Visit` in a session, one by one.
pub trait VisitFields {
    ///Reads `count`.
    fn count(
        &self,
    ) -> impl ::core::future::Future<
        Output = ::core::result::Result<u32, ::socket_session::__private::SessionError>,
    > + ::core::marker::Send {
        ::core::future::pending()
    }
    ///Writes `count`.
    fn set_count(
        &self,
        value: u32,
    ) -> impl ::core::future::Future<
        Output = ::core::result::Result<(), ::socket_session::__private::SessionError>,
    > + ::core::marker::Send {
        ::core::future::pending()
    }
}
impl VisitFields for ::socket_session::__private::Session<Visit> {}
impl VisitFields for ::socket_session::__private::tower_sessions::Session {}
::core::compile_error! {
    "unknown option `prefx`, expected one of: `prefix`, `rename_all`, `on_corrupt`, `crate`\nhelp: did you mean `prefix`?"
}
