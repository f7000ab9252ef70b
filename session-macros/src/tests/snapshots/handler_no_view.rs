pub async fn ping() {}
#[doc(hidden)]
#[repr(C)]
#[non_exhaustive]
pub struct ping {}
#[automatically_derived]
impl<__SocketSessionAdapter> ::socket_session::__private::Handler<__SocketSessionAdapter>
for ping
where
    __SocketSessionAdapter: ::socket_session::__private::Adapter,
{
    type Views = ();
    type Args = ();
    type Output = ::socket_session::__private::Outcome;
    fn run(
        views: Self::Views,
        args: Self::Args,
    ) -> impl ::core::future::Future<
        Output = (Self::Views, Self::Output),
    > + ::core::marker::Send {
        async move {
            let outcome = {
                let () = views;
                let () = args;
                let returned = ::socket_session::__private::Returned::new(ping().await);
                let outcome = returned.reply();
                outcome
            };
            (views, outcome)
        }
    }
}
#[automatically_derived]
impl<__SocketSessionAdapter> ::socket_session::__private::Event<__SocketSessionAdapter>
for ping
where
    __SocketSessionAdapter: ::socket_session::__private::Adapter,
{
    const NAME: &'static str = "ping";
    fn args(
        parts: &mut ::socket_session::__private::EventParts<'_, __SocketSessionAdapter>,
    ) -> ::core::result::Result<Self::Args, ::socket_session::__private::Rejection> {
        ::core::result::Result::Ok(())
    }
    ::socket_session::__private::typescript! {
        [] [] ()
    }
}
