#[cfg(debug_assertions)]
async fn unknown(Event(name): Event) {}
#[cfg(debug_assertions)]
#[doc(hidden)]
#[repr(C)]
#[non_exhaustive]
struct unknown {}
#[cfg(debug_assertions)]
const _: () = {
    use ::socket_session::__private as __rt;
    #[automatically_derived]
    impl<__A: __rt::Adapter> __rt::Handler<__A> for unknown
    where
        Event: __rt::FromEvent<__A> + ::core::marker::Send + 'static,
    {
        type Views = ();
        type Args = (Event,);
        type Output = __rt::Outcome;
        async fn run(
            views: Self::Views,
            args: Self::Args,
        ) -> (Self::Views, Self::Output) {
            let outcome = {
                let () = views;
                let (arg0,) = args;
                let returned = __rt::Returned::new(unknown(arg0).await);
                returned.reply()
            };
            (views, outcome)
        }
    }
    impl<__A: __rt::Adapter> __rt::Fallback<__A> for unknown
    where
        Self: __rt::Handler<__A, Output = __rt::Outcome, Args: __rt::EventArgs<__A>>,
    {}
    __rt::assert_disjoint(&[]);
    __rt::assert_event_arg::<Event>();
};
