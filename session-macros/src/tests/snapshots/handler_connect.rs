async fn hello(visit: &mut Visit, auth: Data<Auth>) {}
#[doc(hidden)]
#[repr(C)]
#[non_exhaustive]
struct hello {}
const _: () = {
    use ::socket_session::__private as __rt;
    #[automatically_derived]
    impl<__A: __rt::Adapter> __rt::Handler<__A> for hello
    where
        Visit: __rt::ViewParam<__A>,
        Data<Auth>: __rt::FromConnect<__A> + ::core::marker::Send + 'static,
    {
        type Views = (<Visit as __rt::ViewParam<__A>>::Write,);
        type Args = (Data<Auth>,);
        type Output = __rt::Outcome;
        async fn run(
            mut views: Self::Views,
            args: Self::Args,
        ) -> (Self::Views, Self::Output) {
            let outcome = {
                let (view0,) = &mut views;
                let (arg0,) = args;
                let returned = __rt::Returned::new(
                    hello(<Visit as __rt::ViewParam<__A>>::write(view0), arg0).await,
                );
                returned.reply()
            };
            (views, outcome)
        }
    }
    impl<__A: __rt::Adapter> __rt::Connect<__A> for hello
    where
        Self: __rt::Handler<__A, Output = __rt::Outcome, Args: __rt::ConnectArgs<__A>>,
    {}
    __rt::assert_disjoint(&[<Visit as __rt::View>::KEYS]);
    __rt::assert_connect_arg::<Data<Auth>>();
};
