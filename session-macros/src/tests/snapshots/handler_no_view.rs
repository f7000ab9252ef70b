pub async fn ping() {}
#[doc(hidden)]
#[repr(C)]
#[non_exhaustive]
pub struct ping {}
const _: () = {
    use ::socket_session::__private as __rt;
    #[automatically_derived]
    impl<__A: __rt::Adapter> __rt::Handler<__A> for ping {
        type Views = ();
        type Args = ();
        type Output = __rt::Outcome;
        async fn run(
            views: Self::Views,
            args: Self::Args,
        ) -> (Self::Views, Self::Output) {
            let outcome = {
                let () = views;
                let () = args;
                let returned = __rt::Returned::new(ping().await);
                returned.reply()
            };
            (views, outcome)
        }
    }
    impl<__A: __rt::Adapter> __rt::Event<__A> for ping
    where
        Self: __rt::Handler<__A, Output = __rt::Outcome, Args: __rt::EventArgs<__A>>,
    {
        const NAME: &'static str = "ping";
        __rt::typescript!([] [] ());
    }
};
