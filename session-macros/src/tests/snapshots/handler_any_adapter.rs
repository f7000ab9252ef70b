async fn add<B>(visit: &mut Visit, s: SocketRef<B>)
where
    B: Adapter + Clone,
{}
#[doc(hidden)]
#[repr(C)]
#[non_exhaustive]
struct add {}
const _: () = {
    use ::socket_session::__private as __rt;
    #[automatically_derived]
    impl<B> __rt::Handler<B> for add
    where
        B: __rt::Adapter,
        B: Adapter + Clone,
        Visit: __rt::ViewParam<B>,
        SocketRef<B>: __rt::FromEvent<B> + ::core::marker::Send + 'static,
    {
        type Views = (<Visit as __rt::ViewParam<B>>::Write,);
        type Args = (SocketRef<B>,);
        type Output = __rt::Outcome;
        async fn run(
            mut views: Self::Views,
            args: Self::Args,
        ) -> (Self::Views, Self::Output) {
            let outcome = {
                let (view0,) = &mut views;
                let (arg0,) = args;
                let returned = __rt::Returned::new(
                    add::<B>(<Visit as __rt::ViewParam<B>>::write(view0), arg0).await,
                );
                returned.reply()
            };
            (views, outcome)
        }
    }
    impl<B> __rt::Event<B> for add
    where
        B: __rt::Adapter,
        B: Adapter + Clone,
        Self: __rt::Handler<B, Output = __rt::Outcome, Args: __rt::EventArgs<B>>,
    {
        const NAME: &'static str = "add";
        __rt::typescript!([] [SocketRef < B >] ());
    }
    const fn check<B>()
    where
        B: Adapter + Clone,
    {
        __rt::assert_adapter::<B>();
    }
    __rt::assert_disjoint(&[<Visit as __rt::View>::KEYS]);
};
