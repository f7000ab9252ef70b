async fn my_event(visit: &mut Visit) -> u32 {
    visit.count += 1;
    visit.count
}
#[doc(hidden)]
#[repr(C)]
#[non_exhaustive]
struct my_event {}
const _: () = {
    use ::socket_session::__private as __rt;
    #[automatically_derived]
    impl<__A: __rt::Adapter> __rt::Handler<__A> for my_event
    where
        Visit: __rt::ViewParam<__A>,
    {
        type Views = (<Visit as __rt::ViewParam<__A>>::Write,);
        type Args = ();
        type Output = __rt::Outcome;
        async fn run(
            mut views: Self::Views,
            args: Self::Args,
        ) -> (Self::Views, Self::Output) {
            let outcome = {
                let (view0,) = &mut views;
                let () = args;
                let returned = __rt::Returned::new(
                    my_event(<Visit as __rt::ViewParam<__A>>::write(view0)).await,
                );
                returned.reply()
            };
            (views, outcome)
        }
    }
    impl<__A: __rt::Adapter> __rt::Event<__A> for my_event
    where
        Self: __rt::Handler<__A, Output = __rt::Outcome, Args: __rt::EventArgs<__A>>,
    {
        const NAME: &'static str = "my event";
        __rt::typescript!([] [] u32);
    }
    __rt::assert_disjoint(&[<Visit as __rt::View>::KEYS]);
};
