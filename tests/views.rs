//! What a view can hold, over a session: every kind of field, old keys, old forms, values that do not fit, views of
//! several crates, and views that want one key.
#![expect(clippy::unused_async, reason = "event handlers are async, whatever they do")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails where its tools do")]

mod common;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use axum::Router;
use lint::methods::Cart;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use socket_session::{
    Id, Session, on, socket_events, socket_session,
    store::{Loaded, Patch, Store as _},
};
use socketioxide::extract::Data;
use time::OffsetDateTime;
use tower_sessions::Session as Plain;
use uuid::Uuid;

use common::{App, Client, Lab, Received, Visitor, at_x};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
enum Plan {
    #[default]
    Free,
    Paid {
        until: u32,
    },
    Invited(String),
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Address {
    street: String,
    lines: Vec<Option<String>>,
    inner: Option<Box<Address>>,
}

#[socket_session]
#[derive(Debug, PartialEq)]
struct Everything {
    name: Option<String>,
    #[session(default = Some(1))]
    given: Option<u8>,
    list: Vec<u64>,
    map: HashMap<String, i64>,
    sorted: BTreeMap<u32, String>,
    set: HashSet<u16>,
    plan: Plan,
    address: Address,
    #[session(default = OffsetDateTime::UNIX_EPOCH)]
    since: OffsetDateTime,
    idle: Duration,
    id: Uuid,
    pair: (bool, char),
    bytes: [u8; 4],
    big: u64,
    ratio: f64,
    unit: (),
    nested: Vec<HashMap<String, Option<Plan>>>,
}

impl Everything {
    fn sample() -> Self {
        Self {
            name: Some("Ada \u{1f980}".into()),
            given: None,
            list: vec![1, u64::MAX],
            map: [("a".into(), -1), (String::new(), i64::MIN)].into(),
            sorted: [(2, "two".into()), (1, "one".into())].into(),
            set: (0..100).collect(),
            plan: Plan::Paid { until: 7 },
            address: Address {
                street: "Main".into(),
                lines: vec![None, Some("2".into())],
                inner: Some(Box::default()),
            },
            since: OffsetDateTime::from_unix_timestamp(1_700_000_000).unwrap(),
            idle: Duration::from_millis(1_500),
            id: Uuid::from_u128(7),
            pair: (true, 'x'),
            bytes: [0, 1, 254, 255],
            big: u64::MAX,
            ratio: 0.1,
            unit: (),
            nested: vec![[("x".into(), Some(Plan::Invited("y".into()))), ("z".into(), None)].into()],
        }
    }
}

#[socket_events]
impl Everything {
    #[on("fill")]
    async fn fill(&mut self) {
        *self = Self::sample();
    }

    #[on("same")]
    async fn same(&self) -> bool {
        *self == Self::sample()
    }

    #[on("grow")]
    async fn grow(&mut self) -> usize {
        self.set.insert(1_000);
        self.set.len()
    }

    #[on("idle")]
    async fn idle(&mut self) {}
}

#[socket_session(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "a key of two words")]
struct User {
    #[session(alias = "username", alias = "login")]
    user_name: String,
    #[session(migrate = from_text)]
    birth_year: u16,
    #[session(migrate = from_flag)]
    paid_plan: Plan,
    #[session(on_corrupt = "default", default = 3)]
    page_size: u32,
    #[session(key = "lang")]
    language: String,
    last_seen: u32,
}

#[expect(clippy::needless_pass_by_value, reason = "it takes what was stored")]
fn from_text(old: String) -> Result<u16, std::num::ParseIntError> {
    old.parse()
}

#[expect(clippy::needless_pass_by_value, reason = "it takes what was stored")]
fn from_flag(old: Value) -> Plan {
    if old == true { Plan::Paid { until: 0 } } else { Plan::Free }
}

#[on("user")]
async fn user(user: &User) -> (String, u16, Plan, u32) {
    (user.user_name.clone(), user.birth_year, user.paid_plan.clone(), user.page_size)
}

#[on("see")]
async fn see(user: &mut User, Data(at): Data<u32>) {
    user.last_seen = at;
}

#[on("rename")]
async fn rename(user: &mut User, Data(name): Data<String>) {
    user.user_name = name;
}

#[on("items")]
async fn items(user: &User, cart: &mut Cart) -> usize {
    cart.items.push(user.last_seen);
    cart.items.len()
}

/// A namespace with all of them, and a visitor's socket.
struct Case {
    app: App,
    visitor: Visitor,
    client: Client,
}

impl Case {
    async fn new() -> Self {
        Self::with(Router::new()).await
    }

    async fn with(router: Router) -> Self {
        let lab = Lab::new();
        let namespace = lab.sessions.namespace().events::<Everything>();
        lab.io.ns("/", namespace.on::<user>().on::<see>().on::<rename>().on::<items>());
        let app = lab.app(router);
        let visitor = app.visitor().await;
        let client = visitor.connect().await;
        Self { app, visitor, client }
    }

    async fn call(&mut self, event: &str) -> String {
        let answer = self.client.call(event).await;
        answer.text().strip_prefix("430").unwrap().to_owned()
    }

    /// What the record has, whatever the views say.
    async fn stored(&self, key: &str) -> Option<Value> {
        let session = Id::from(self.visitor.id()).key();
        match self.app.store.load(&session, OffsetDateTime::now_utc()).await.unwrap() {
            Loaded::Live(record) => record.fields.get(key).cloned(),
            _ => panic!("there is no session"),
        }
    }

    /// What an earlier version of the program has stored.
    async fn put(&self, key: &'static str, value: Value) {
        let patch = Patch { set: vec![(key.into(), value)], ..Patch::new() };
        let session = Id::from(self.visitor.id()).key();
        self.app.store.patch(&session, &patch, OffsetDateTime::now_utc()).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn fields_of_every_kind_come_back_as_they_were() {
    let mut case = Case::new().await;
    assert_eq!(case.call(r#"["same"]"#).await, "[false]");
    assert_eq!(case.call(r#"["fill"]"#).await, "[null]");
    assert_eq!(case.call(r#"["same"]"#).await, "[true]");
    assert_eq!(case.stored("plan").await, Some(json!({ "Paid": { "until": 7 } })));
    assert_eq!(case.stored("id").await, Some(json!("00000000-0000-0000-0000-000000000007")));
    assert_eq!(case.stored("given").await, Some(Value::Null), "`None` is a value, and not a missing key");

    let session: Session<Everything> = case.app.sessions.session(case.visitor.id());
    assert_eq!(session.get().await.unwrap(), Everything::sample());
    session.update(|everything| everything.address.lines.clear()).await.unwrap();
    assert_eq!(case.call(r#"["same"]"#).await, "[false]");
    assert_eq!(case.call(r#"["grow"]"#).await, "[101]");
}

#[tokio::test(start_paused = true)]
async fn a_set_that_has_not_changed_is_not_written() {
    let mut case = Case::new().await;
    case.call(r#"["fill"]"#).await;
    let before = case.stored("set").await;
    case.call(r#"["idle"]"#).await;
    assert_eq!(case.stored("set").await, before, "a `HashSet` has another order each time");
}

#[tokio::test(start_paused = true)]
async fn keys_are_renamed() {
    let mut case = Case::new().await;
    case.call(r#"["rename","ada"]"#).await;
    case.call(r#"["see",5]"#).await;
    assert_eq!(case.stored("userName").await, Some(json!("ada")));
    assert_eq!(case.stored("lastSeen").await, Some(json!(5)));
    assert_eq!(case.stored("user_name").await, None);
}

#[tokio::test(start_paused = true)]
async fn a_value_is_found_under_its_old_key_and_moved_by_the_next_save() {
    let mut case = Case::new().await;
    case.put("login", json!("ada")).await;
    assert_eq!(case.call(r#"["user"]"#).await, r#"[["ada",0,"Free",3]]"#);
    assert_eq!(case.stored("login").await, Some(json!("ada")), "a read moves nothing");
    case.call(r#"["see",5]"#).await;
    assert_eq!(case.stored("login").await, None);
    assert_eq!(case.stored("userName").await, Some(json!("ada")));
    assert_eq!(case.call(r#"["user"]"#).await, r#"[["ada",0,"Free",3]]"#);
}

#[tokio::test(start_paused = true)]
async fn the_new_key_counts_where_both_are_there_and_the_first_of_the_old_ones() {
    let mut case = Case::new().await;
    case.put("login", json!("first")).await;
    case.put("username", json!("second")).await;
    assert!(case.call(r#"["user"]"#).await.contains("second"));
    case.put("userName", json!("third")).await;
    assert!(case.call(r#"["user"]"#).await.contains("third"));
    case.call(r#"["rename","fourth"]"#).await;
    assert_eq!((case.stored("login").await, case.stored("username").await), (None, None));
    assert_eq!(case.stored("userName").await, Some(json!("fourth")));
}

#[tokio::test(start_paused = true)]
async fn accessors_know_old_keys() {
    let mut case = Case::with(at_x(async |plain: Plain| {
        let name = plain.user_name().await.unwrap();
        plain.set_user_name(format!("{name}!")).await.unwrap();
    }))
    .await;
    case.put("login", json!("ada")).await;
    let session: Session<User> = case.app.sessions.session(case.visitor.id());
    assert_eq!(session.user_name().await.unwrap(), "ada");
    session.set_user_name("bob".into()).await.unwrap();
    assert_eq!((case.stored("login").await, case.stored("userName").await), (None, Some(json!("bob"))));

    case.put("username", json!("old")).await;
    case.visitor.get("/x").await;
    assert_eq!((case.stored("username").await, case.stored("userName").await), (None, Some(json!("bob!"))));
}

#[tokio::test(start_paused = true)]
async fn an_old_form_is_migrated_and_the_next_save_writes_the_new_one() {
    let mut case = Case::new().await;
    case.put("birthYear", json!("1815")).await;
    case.put("paidPlan", json!(true)).await;
    assert_eq!(case.call(r#"["user"]"#).await, r#"[["",1815,{"Paid":{"until":0}},3]]"#);
    assert_eq!(case.stored("birthYear").await, Some(json!("1815")));
    case.call(r#"["see",5]"#).await;
    assert_eq!(case.stored("birthYear").await, Some(json!(1815)));
    assert_eq!(case.stored("paidPlan").await, Some(json!({ "Paid": { "until": 0 } })));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_migrated_is_corrupt_and_stays() {
    let mut case = Case::new().await;
    for old in [json!("a long time ago"), json!([1815])] {
        case.put("birthYear", old.clone()).await;
        let answer = case.call(r#"["see",5]"#).await;
        assert!(answer.contains("session_corrupt") && answer.contains("birthYear"), "{answer}");
        assert!(!answer.contains("long time"), "{answer}");
        assert_eq!(case.stored("birthYear").await, Some(old));
    }
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_is_refused_or_missing() {
    let mut case = Case::new().await;
    case.put("pageSize", json!("many")).await;
    assert_eq!(case.call(r#"["user"]"#).await, r#"[["",0,"Free",3]]"#);
    case.call(r#"["see",5]"#).await;
    assert_eq!(case.stored("pageSize").await, Some(json!("many")), "another field's save leaves it as it is");
    case.put("lang", json!(7)).await;
    assert!(case.call(r#"["user"]"#).await.contains("session_corrupt"));
}

#[tokio::test(start_paused = true)]
async fn views_of_several_crates_share_one_record() {
    let mut case = Case::new().await;
    case.call(r#"["see",5]"#).await;
    assert_eq!(case.call(r#"["items"]"#).await, "[1]");
    assert_eq!(case.stored("cart.items").await, Some(json!([5])));
    assert_eq!(case.visitor.count().await, "1");
}

/// Not `User`, and yet it wants its key.
#[socket_session]
struct Impostor {
    #[session(alias = "login")]
    account: String,
}

#[on("impostor")]
async fn impostor(_impostor: &Impostor) {}

fn refusal(register: impl FnOnce(socket_session::Namespace) -> socket_session::Namespace) -> String {
    let namespace = Lab::new().sessions.namespace().on::<user>();
    let refused = catch_unwind(AssertUnwindSafe(|| drop(register(namespace)))).unwrap_err();
    refused.downcast_ref::<String>().unwrap().clone()
}

#[test]
fn two_views_of_a_namespace_that_claim_one_key_are_refused_at_start() {
    for message in [
        refusal(|namespace| namespace.on::<impostor>()),
        refusal(|namespace| namespace.guard("no", |_: &Impostor| true)),
    ] {
        assert!(message.contains("views::User`") && message.contains("views::Impostor`"), "{message}");
        assert!(message.contains("`login`"), "{message}");
    }
}

#[test]
fn one_view_in_several_handlers_is_nothing_special() {
    let lab = Lab::new();
    let namespace = lab.sessions.namespace().guard("no", |user: &User| !user.user_name.is_empty());
    drop(namespace.on::<user>().on::<see>().on::<rename>().events::<Everything>());
}

#[tokio::test(start_paused = true)]
async fn a_view_with_a_default_for_all_that_does_not_fit() {
    #[socket_session(on_corrupt = "default")]
    struct Lenient {
        #[session(key = "lenient")]
        count: u32,
        #[session(key = "strict", on_corrupt = "reject")]
        other: u32,
    }

    let case = Case::new().await;
    let session: Session<Lenient> = case.app.sessions.session(case.visitor.id());
    case.put("lenient", json!("x")).await;
    let seen = session.get().await.unwrap();
    assert_eq!((seen.count, seen.other), (0, 0));
    case.put("strict", json!("x")).await;
    assert!(session.get().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_client_is_told_nothing_of_a_value_that_does_not_fit() {
    let mut case = Case::new().await;
    case.put("lang", json!({ "secret": 1 })).await;
    let answer = case.client.call(r#"["user"]"#).await;
    assert!(matches!(&answer, Received::Packets(text) if !text.contains("secret")), "{answer:?}");
}
