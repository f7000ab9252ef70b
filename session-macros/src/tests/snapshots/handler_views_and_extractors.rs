pub(crate) async fn checkout(
    Data(by): Data<u32>,
    user: &User,
    after: AfterSave,
    cart: &mut shop::Cart,
    admin: Option<&Admin>,
) -> Result<u32, &'static str> {
    unreachable!()
}
#[doc(hidden)]
#[repr(C)]
#[non_exhaustive]
pub(crate) struct checkout {}
const _: () = {
    use ::socket_session::__private as __rt;
    #[automatically_derived]
    impl<__A: __rt::Adapter> __rt::Handler<__A> for checkout
    where
        User: __rt::ViewParam<__A>,
        shop::Cart: __rt::ViewParam<__A>,
        Admin: __rt::ViewParam<__A>,
        Data<u32>: __rt::FromEvent<__A> + ::core::marker::Send + 'static,
        AfterSave: __rt::FromEvent<__A> + ::core::marker::Send + 'static,
    {
        type Views = (
            <User as __rt::ViewParam<__A>>::Read,
            <shop::Cart as __rt::ViewParam<__A>>::Write,
            <Admin as __rt::ViewParam<__A>>::Maybe,
        );
        type Args = (Data<u32>, AfterSave);
        type Output = __rt::Outcome;
        async fn run(
            mut views: Self::Views,
            args: Self::Args,
        ) -> (Self::Views, Self::Output) {
            let outcome = {
                let (view0, view1, view2) = &mut views;
                let (arg0, arg1) = args;
                let returned = __rt::Returned::new(
                    checkout(
                            arg0,
                            <User as __rt::ViewParam<__A>>::read(view0),
                            arg1,
                            <shop::Cart as __rt::ViewParam<__A>>::write(view1),
                            <Admin as __rt::ViewParam<__A>>::maybe(view2),
                        )
                        .await,
                );
                returned.reply()
            };
            (views, outcome)
        }
    }
    impl<__A: __rt::Adapter> __rt::Event<__A> for checkout
    where
        Self: __rt::Handler<__A, Output = __rt::Outcome, Args: __rt::EventArgs<__A>>,
    {
        const NAME: &'static str = "checkout";
        __rt::typescript!([] [Data < u32 >, AfterSave] Result < u32, & 'static str >);
    }
    __rt::assert_disjoint(
        &[
            <User as __rt::View>::KEYS,
            <shop::Cart as __rt::View>::KEYS,
            <Admin as __rt::View>::KEYS,
        ],
    );
    __rt::assert_event_arg::<Data<u32>>();
    __rt::assert_event_arg::<AfterSave>();
};
