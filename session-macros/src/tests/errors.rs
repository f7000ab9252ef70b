use super::{handler, session, split};
use crate::handler::Kind;
use quote::ToTokens as _;
use syn::Item;

/// As many errors as mistakes, in any order, each naming what it is about.
pub(super) fn assert_errors(errors: &[String], about: &[&str]) {
    assert_eq!(errors.len(), about.len(), "{errors:#?}");
    for about in about {
        assert!(errors.iter().any(|error| error.contains(about)), "nothing about {about} in {errors:#?}");
    }
}

#[test]
fn every_mistake_in_a_struct_is_one_error() {
    let (errors, items) = split(session(
        r#"prefx = "a", prefix = 1, crate = shop, prefix = "b""#,
        r#"
        pub struct Visit<T> {
            #[session(key = "")]
            pub empty: u8,
            #[session(kye = "x")]
            pub unknown: u8,
            #[session(skip, key = "k")]
            pub skipped: u8,
            #[session(key = "__socket_session.x")]
            pub reserved: u8,
            #[session(key = "reserved", default = 1, default = 2)]
            pub twice: u8,
            #[session(key = "count")]
            pub same: u8,
            pub count: u8,
            pub set_count: u8,
            pub newest: u8 = 1,
            #[session]
            pub nothing: u8,
        }
        "#,
    ));
    let about = [
        "unknown option `prefx`",
        "option `prefix` does not take",
        "`crate` is not absolute",
        "option `prefix` is given twice",
        "type parameters",
        "option `key` is empty",
        "unknown option `kye`",
        "`skipped` is not stored",
        "reserved",
        "option `default` is given twice",
        "key `count` is already",
        "accessor `set_count`",
        "default that the session would not use",
        "`#[session]` needs options",
    ];
    assert_errors(&errors, &about);
    assert!(matches!(items.as_slice(), [Item::Struct(_)]), "the struct is still there, and no runtime is guessed");
}

#[test]
fn every_mistake_in_a_handler_is_one_error() {
    let (errors, items) = split(handler(
        Kind::Event,
        r#""connect", gaurd = x, guard = |visit| true, crate = "shop""#,
        r#"
        #[on("b")]
        unsafe extern "C" fn bool<'a, A, B, const N: usize>(
            self,
            a: &Visit,
            &mut Cart { items: mut b, ref mut c }: &mut Cart,
            c: Option<&mut User>,
            d: &str,
            e: &Data<u8>,
            f: Session<Visit>,
            g: AckSender,
            h: Data<&str>,
            i: impl Extract,
            j: &mut Visit,
            #[cfg(unix)] k: Event,
        ) {}
        "#,
    ));
    let about = [
        "event name `connect` is reserved",
        "unknown option `gaurd`",
        "option `guard` does not take this value",
        "option `crate` does not take this value",
        "`#[on]` on a function that is already",
        "cannot be `unsafe`",
        "cannot be `extern`",
        "must be `async`",
        "cannot be named `bool`",
        "lifetime parameters",
        "more than one type parameter",
        "const parameters",
        "cannot take `self`",
        "this is a copy",
        "may be absent cannot be changed",
        "`&str` is not a view",
        "by value, `Data` too",
        "`Session` beside",
        "`AckSender` beside",
        "an extractor cannot borrow",
        "`impl Trait`",
        "`Visit` is already a view",
        "cannot depend on `#[cfg]`",
    ];
    assert_errors(&errors, &about);
    assert!(matches!(items.as_slice(), [Item::Fn(_)]), "the function is still there, and no runtime is guessed");
}

#[test]
fn after_a_mistake_users_of_the_item_find_it() {
    let (errors, items) = split(session("", "pub enum Visit { A }"));
    assert_errors(&errors, &["is an enum"]);
    assert!(matches!(items.as_slice(), [Item::Enum(_), Item::Impl(_)]));

    let (errors, items) = split(handler(Kind::Guard, "", "async fn f() {}"));
    assert_errors(&errors, &["says neither yes nor no"]);
    assert!(matches!(items.first(), Some(Item::Fn(_))));
    assert!(items.iter().any(|item| matches!(item, Item::Struct(_))), "the type of its name");
    let generated = items.iter().filter_map(|item| match item {
        Item::Const(item) => Some(item.expr.to_token_stream().to_string()),
        _ => None,
    });
    assert_eq!(generated.map(|body| body.matches("impl <").count()).sum::<usize>(), 3);
}

#[test]
fn what_cannot_be_read_is_given_back() {
    let (errors, items) = split(handler(Kind::Event, "\"e\"", "struct Visit { count: u32 }"));
    assert_errors(&errors, &["`#[on]` goes on an async function"]);
    assert!(matches!(items.as_slice(), [Item::Struct(_)]));

    let (errors, items) = split(session("", "async fn f() {}"));
    assert_errors(&errors, &["goes on a struct"]);
    assert!(matches!(items.as_slice(), [Item::Fn(_)]));
}
