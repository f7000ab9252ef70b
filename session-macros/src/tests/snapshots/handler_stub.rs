fn my_event(visit: &mut Visit) -> u32 {
    1
}
#[doc(hidden)]
#[repr(C)]
#[non_exhaustive]
struct my_event {}
#[automatically_derived]
impl<A: ::socket_session::__private::Adapter> ::socket_session::__private::Handler<A>
for my_event {
    type Views = ();
    type Args = ();
    type Output = ::socket_session::__private::Outcome;
    fn run(
        _: (),
        _: (),
    ) -> impl ::core::future::Future<
        Output = ((), ::socket_session::__private::Outcome),
    > + ::core::marker::Send {
        ::core::future::pending()
    }
}
#[automatically_derived]
impl<A: ::socket_session::__private::Adapter> ::socket_session::__private::Event<A>
for my_event {
    const NAME: &'static str = "";
    ::socket_session::__private::typescript! {
        [] [] ()
    }
    fn args(
        _: &mut ::socket_session::__private::EventParts<'_, A>,
    ) -> ::core::result::Result<(), ::socket_session::__private::Rejection> {
        ::core::unreachable!()
    }
}
::core::compile_error! {
    "event handler `my_event` must be `async`\nhelp: write `async fn my_event(…)`"
}
