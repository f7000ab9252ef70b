use super::{pretty, session};
use expect_test::expect_file;

#[test]
fn plain() {
    let expansion = session("", "pub struct Visit { pub authenticated: bool, pub count: u32 }");
    expect_file!["snapshots/session_plain.rs"].assert_eq(&pretty(expansion));
}

#[test]
fn options() {
    let expansion = session(
        "prefix = \"cart.\", rename_all = \"camelCase\", on_corrupt = \"default\"",
        r#"
        #[derive(Debug)]
        pub(crate) struct Cart {
            /// What the customer wants.
            #[session(key = "items")]
            pub things: Vec<String>,
            #[session(alias = "price", alias = "cost", migrate = Money::from_cents, on_corrupt = "reject")]
            pub unit_price: Money,
            #[session(default = Currency::Euro)]
            #[session(key = "unit")]
            pub(crate) currency: Currency,
            #[session(skip, default = 7)]
            pub seen: u8,
            /// Less visible than the struct: no accessor.
            total: u64,
        }
        "#,
    );
    expect_file!["snapshots/session_options.rs"].assert_eq(&pretty(expansion));
}

#[test]
fn conditional_and_deprecated() {
    let expansion = session(
        "",
        r#"
        #[cfg(feature = "shop")]
        struct Visit {
            #[cfg(unix)]
            r#type: String,
            #[deprecated = "use `type`"]
            kind: u8,
        }
        "#,
    );
    expect_file!["snapshots/session_conditional.rs"].assert_eq(&pretty(expansion));
}

#[test]
fn stub_after_a_mistake() {
    let expansion = session("prefx = \"a\"", "pub struct Visit { pub count: u32 }");
    expect_file!["snapshots/session_stub.rs"].assert_eq(&pretty(expansion));
}

#[test]
fn other_crate_path() {
    let expansion = session("crate = ::shop::sessions", "pub struct Visit { pub count: u32 }").to_string();
    assert!(expansion.contains(":: shop :: sessions :: __private"));
    assert!(!expansion.contains(":: socket_session ::"), "{expansion}");
}
