use super::{handler, pretty};
use crate::handler::Kind;
use expect_test::{ExpectFile, expect_file};

fn check(kind: Kind, args: &str, item: &str, expected: &ExpectFile) {
    expected.assert_eq(&pretty(handler(kind, args, item)));
}

#[test]
fn one_view() {
    let item = "async fn my_event(visit: &mut Visit) -> u32 { visit.count += 1; visit.count }";
    check(Kind::Event, "\"my event\"", item, &expect_file!["snapshots/handler_one_view.rs"]);
}

#[test]
fn no_view() {
    check(Kind::Event, "\"ping\"", "pub async fn ping() {}", &expect_file!["snapshots/handler_no_view.rs"]);
}

#[test]
fn views_and_extractors_in_the_users_order() {
    let item = r"
        pub(crate) async fn checkout(
            Data(by): Data<u32>,
            user: &User,
            after: AfterSave,
            cart: &mut shop::Cart,
            admin: Option<&Admin>,
        ) -> Result<u32, &'static str> { unreachable!() }
    ";
    check(Kind::Event, "\"checkout\"", item, &expect_file!["snapshots/handler_views_and_extractors.rs"]);
}

#[test]
fn any_adapter() {
    let item = "async fn add<B>(visit: &mut Visit, s: SocketRef<B>) where B: Adapter + Clone {}";
    check(Kind::Event, "\"add\"", item, &expect_file!["snapshots/handler_any_adapter.rs"]);
}

#[test]
fn guarded() {
    let args = "\"delete\", guard = guards::is_admin";
    check(Kind::Event, args, "async fn delete() {}", &expect_file!["snapshots/handler_guarded.rs"]);
}

#[test]
fn guarded_by_an_associated_function() {
    let args = "\"delete\", guard = Visit::is_admin";
    check(Kind::Event, args, "async fn delete() {}", &expect_file!["snapshots/handler_guarded_by_method.rs"]);
}

#[test]
fn fresh() {
    let expansion = handler(Kind::Event, "\"cursor\", fresh = \"5s\"", "async fn cursor(visit: &Visit) {}").to_string();
    assert!(expansion.contains("from_millis (5000u64)"), "{expansion}");
    for (fresh, about) in [
        ("5", "is not a time"),
        ("0s", "is not a time"),
        ("5 hours", "is not a time"),
        ("s", "is not a time"),
        ("", "is empty"),
        ("99999999999999999999s", "is not a time"),
    ] {
        let args = format!("\"cursor\", fresh = \"{fresh}\"");
        let (errors, _) = super::split(handler(Kind::Event, &args, "async fn cursor(visit: &Visit) {}"));
        super::errors::assert_errors(&errors, &[about]);
    }
}

#[test]
fn connect() {
    let item = "async fn hello(visit: &mut Visit, auth: Data<Auth>) {}";
    check(Kind::Connect, "", item, &expect_file!["snapshots/handler_connect.rs"]);
}

#[test]
fn disconnect() {
    let item = "async fn bye(visit: Option<&Visit>, reason: DisconnectReason) {}";
    check(Kind::Disconnect, "", item, &expect_file!["snapshots/handler_disconnect.rs"]);
}

#[test]
fn fallback() {
    let item = "#[cfg(debug_assertions)] async fn unknown(Event(name): Event) {}";
    check(Kind::Fallback, "", item, &expect_file!["snapshots/handler_fallback.rs"]);
}

#[test]
fn guard() {
    let item = "async fn logged_in(visit: &Visit, s: SocketRef) -> bool { visit.authenticated }";
    check(Kind::Guard, "", item, &expect_file!["snapshots/handler_guard.rs"]);
}

#[test]
fn stub_after_a_mistake() {
    let item = "fn my_event(visit: &mut Visit) -> u32 { 1 }";
    check(Kind::Event, "\"my event\"", item, &expect_file!["snapshots/handler_stub.rs"]);
}

#[test]
fn other_crate_path() {
    for kind in [Kind::Event, Kind::Connect, Kind::Disconnect, Kind::Fallback, Kind::Guard] {
        let args =
            if kind == Kind::Event { "\"e\", guard = g, crate = crate::sessions" } else { "crate = crate::sessions" };
        let view = if kind == Kind::Disconnect { "Option<&Visit>" } else { "&Visit" };
        let output = if kind == Kind::Guard { "-> bool" } else { "" };
        let item = format!("async fn f(a: {view}, b: Data<u32>) {output} {{}}");
        let expansion = handler(kind, args, &item).to_string();
        assert!(expansion.contains("crate :: sessions :: __private"));
        assert!(!expansion.contains("compile_error"), "{expansion}");
        assert!(!expansion.contains(":: socket_session ::"), "{expansion}");
    }
}

#[test]
fn a_body_that_does_not_parse_stays_as_it_is() {
    let expansion = handler(Kind::Event, "\"e\"", "async fn f() { let x = ; visit. }").to_string();
    assert!(expansion.starts_with("async fn f () { let x = ; visit . }"), "{expansion}");
    assert!(!expansion.contains("compile_error"));
}

/// What the compiler has to read besides what the user wrote: the handlers of `cargo xtask bench compile`.
#[test]
fn a_handler_expands_to_forty_lines_at_most() {
    const MOST: usize = 40;
    for item in [
        "async fn f() {}",
        "async fn f(view: &mut View) -> u32 { 1 }",
        "async fn f(view: &View) -> usize { 1 }",
        "async fn f(view: &mut View, Data(by): Data<u32>) -> Result<u32, &'static str> { Ok(1) }",
        "async fn f(view: &mut View, Data(order): Data<Order>) -> usize { 1 }",
    ] {
        let written = pretty(item.parse().expect("the test's own source")).lines().count();
        let expanded = pretty(handler(Kind::Event, "\"event\"", item)).lines().count();
        assert!(expanded - written <= MOST, "{} lines of {item}", expanded - written);
    }
}
