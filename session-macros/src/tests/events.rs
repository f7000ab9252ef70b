use super::{events, pretty, split};
use expect_test::expect_file;

#[test]
fn methods() {
    let item = r#"
        impl Visit {
            const STEP: u32 = 1;

            /// Counts.
            #[on("my event", guard = Self::is_new)]
            async fn my_event(&mut self, Data(by): Data<u32>) -> u32 { self.count += by * Self::STEP; self.count }

            #[cfg(debug_assertions)]
            #[on_disconnect]
            async fn bye(last: Option<&Self>) {}

            fn is_new(&self) -> bool { self.count == 0 }
        }
    "#;
    expect_file!["snapshots/events.rs"].assert_eq(&pretty(events("with = [Chat]", item)));
}

#[test]
fn a_block_with_a_name() {
    let item = r#"impl super::Visit { #[on("message")] async fn message(&self) {} }"#;
    expect_file!["snapshots/events_named.rs"].assert_eq(&pretty(events("name = pub(crate) Chat", item)));
}

#[test]
fn every_mistake_is_one_error_and_the_impl_stays() {
    let item = r#"
        impl Visit {
            #[on("connect")]
            async fn a(&self) {}
            #[on("b")]
            fn b(&self) {}
            #[on("c")]
            async fn c(self) {}
            #[on("d")]
            async fn d(&self) {}
            #[on("d")]
            async fn e(&mut self, visit: &Visit) {}
            #[guard]
            async fn f(&self) -> bool { true }
            #[on = "g"]
            async fn g(&self) {}
            #[on_disconnect]
            async fn h(&self) {}
            #[on("i")]
            #[on("j")]
            async fn i(&self) {}
        }
    "#;
    let (errors, items) = split(events("nane = Chat, with = Other", item));
    let about = [
        "unknown option `nane`",
        "option `with` does not take",
        "event name `connect`",
        "`b` must be `async`",
        "cannot take the view by value",
        "event `d` has a handler",
        "`Visit` is already a view",
        "`#[guard]` on a method",
        "in parentheses",
        "last state known",
        "already under `#[on]`",
    ];
    super::errors::assert_errors(&errors, &about);
    assert!(items.iter().any(|item| matches!(item, syn::Item::Impl(_))));
    assert!(!items.iter().any(|item| quote::ToTokens::to_token_stream(item).to_string().contains("# [on")));
}

#[test]
fn what_cannot_be_generated_for_is_given_back() {
    for (item, about) in [
        ("impl<T> Visit<T> { #[on(\"e\")] async fn e(&self) {} }", "cannot have parameters"),
        ("impl Visit<u8> { #[on(\"e\")] async fn e(&self) {} }", "not a session struct"),
        ("impl Chat for Visit { #[on(\"e\")] async fn e(&self) {} }", "`impl` of a trait"),
        ("impl Visit { async fn e(&self) {} }", "no method"),
        ("struct Visit {}", "goes on the `impl`"),
    ] {
        let (errors, items) = split(events("", item));
        super::errors::assert_errors(&errors, &[about]);
        assert!(!items.is_empty());
    }
}
