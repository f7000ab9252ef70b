//! Handlers in an `impl`, over a connection.

#![expect(clippy::unused_async, reason = "event handlers are async, whatever they do")]

mod common;

use axum::Router;
use socket_session::{AfterSave, socket_events, socket_session};
use socketioxide::extract::{Data, Event};

use common::{App, Lab, Received, Visit};

#[socket_session(prefix = "cart.")]
struct Cart {
    items: Vec<String>,
}

#[socket_session]
struct Log {
    log: Vec<String>,
}

impl Log {
    fn add(&mut self, line: &str) -> usize {
        self.log.push(line.to_owned());
        self.log.len()
    }
}

#[socket_events(with = [chat::Chat])]
impl Log {
    #[on("add")]
    async fn add_line(&mut self, Data(line): Data<String>) -> usize {
        self.add(&line)
    }

    #[on("read")]
    async fn read(&self) -> &[String] {
        &self.log
    }

    #[on("buy")]
    async fn buy(
        &self,
        cart: &mut Cart,
        Data(item): Data<String>,
        after: AfterSave,
    ) -> Result<(usize, usize), &'static str> {
        if item.is_empty() {
            return Err("what?");
        }
        cart.items.push(item);
        after.emit("bought", &cart.items);
        Ok((self.log.len(), cart.items.len()))
    }

    #[on("clear", guard = Self::is_full)]
    async fn clear(&mut self) {
        self.log.clear();
    }

    #[on_connect]
    async fn hello(&mut self) {
        self.add("hello");
    }

    #[on_fallback]
    async fn unknown(Event(name): Event) -> Result<(), String> {
        Err(format!("no event {name}"))
    }

    fn is_full(&self) -> bool {
        self.log.len() >= 3
    }
}

mod chat {
    use socket_session::socket_events;

    #[socket_events(name = pub(super) Chat)]
    impl super::Log {
        #[on("say")]
        async fn say(&mut self) -> usize {
            self.add("said")
        }
    }
}

fn app() -> App {
    let lab = Lab::new();
    let namespace = lab.sessions.namespace().guard("unauthorized", |visit: &Visit| visit.authenticated);
    lab.io.ns("/", namespace.events::<Log>());
    lab.io.ns("/chat", lab.sessions.namespace().events::<chat::Chat>());
    lab.app(Router::new())
}

#[tokio::test(start_paused = true)]
async fn methods_are_handlers_of_their_view() {
    let mut client = app().visitor().await.connect().await;
    assert_eq!(client.call(r#"["add","one"]"#).await, Received::packets("430[2]"));
    assert_eq!(client.call(r#"["read"]"#).await, Received::packets(r#"430[["hello","one"]]"#));
}

#[tokio::test(start_paused = true)]
async fn they_take_other_views_and_extractors() {
    let mut client = app().visitor().await.connect().await;
    let bought = client.call(r#"["buy","tea"]"#).await;
    assert_eq!(bought, Received::packets("430[[1,1]]"));
    assert_eq!(client.next().await, Received::packets(r#"42["bought",["tea"]]"#));
    let failed = client.call(r#"["buy",""]"#).await;
    assert_eq!(failed, Received::packets(r#"430[{"error":{"code":"handler","message":"what?"}}]"#));
}

#[tokio::test(start_paused = true)]
async fn a_method_is_a_guard_of_another() {
    let mut client = app().visitor().await.connect().await;
    assert!(client.call(r#"["clear"]"#).await.text().contains("unauthorized"));
    client.call(r#"["add","one"]"#).await;
    client.call(r#"["add","two"]"#).await;
    assert_eq!(client.call(r#"["clear"]"#).await, Received::packets("430[null]"));
    assert_eq!(client.call(r#"["read"]"#).await, Received::packets("430[[]]"));
}

#[tokio::test(start_paused = true)]
async fn a_block_with_a_name_is_registered_with_another_and_alone() {
    let visitor = app().visitor().await;
    let mut client = visitor.connect().await;
    assert_eq!(client.call(r#"["say"]"#).await, Received::packets("430[2]"));
    assert!(client.call(r#"["shout"]"#).await.text().contains("no event shout"));

    let mut alone = visitor.open().await;
    alone.send("40/chat,").await;
    assert!(alone.next().await.text().starts_with("40/chat,"));
    alone.send(r#"42/chat,0["say"]"#).await;
    assert_eq!(alone.next().await, Received::packets("43/chat,0[3]"));
}
