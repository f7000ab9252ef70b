fn my_event(visit: &mut Visit) -> u32 {
    1
}
#[doc(hidden)]
#[repr(C)]
#[non_exhaustive]
struct my_event {}
const _: () = {
    use ::socket_session::__private as __rt;
    #[automatically_derived]
    impl<A: __rt::Adapter> __rt::Handler<A> for my_event {
        type Views = ();
        type Args = ();
        type Output = __rt::Outcome;
        fn run(
            _: (),
            _: (),
        ) -> impl ::core::future::Future<
            Output = ((), __rt::Outcome),
        > + ::core::marker::Send {
            ::core::future::pending()
        }
    }
    #[automatically_derived]
    impl<A: __rt::Adapter> __rt::Event<A> for my_event {
        const NAME: &'static str = "";
        __rt::typescript!([] [] ());
    }
};
::core::compile_error! {
    "event handler `my_event` must be `async`\nhelp: write `async fn my_event(…)`"
}
