//! A namespace in TypeScript: the interfaces that socket.io-client's `Socket` takes.

mod probe;

use std::{
    any::TypeId,
    collections::{BTreeMap, HashSet},
    fmt::Write as _,
};

use ts_rs::{Config, TS, TypeVisitor};

pub use self::probe::{Argument, Reply, Untold, Value};

/// The questions, without names: where they are asked, the user's types may be called anything.
pub mod asking {
    pub use super::probe::{
        KnownArgument as _, KnownReply as _, KnownResult as _, KnownValue as _, NoArgument as _, ReplyByReference as _,
        Tuple as _, UnknownArgument as _, UnknownReply as _, UnknownResult as _, UnknownValue as _,
    };
}

/// What an event is in TypeScript.
#[derive(Debug)]
pub struct Signature {
    docs: String,
    arguments: Vec<String>,
    reply: String,
}

impl Signature {
    /// Of a handler of the client's event.
    pub fn new(docs: &[&str], arguments: Option<Vec<String>>, reply: String) -> Self {
        Self { docs: docs.join("\n"), arguments: arguments.unwrap_or_default(), reply }
    }

    /// Of an event of the server's, which has no reply.
    pub fn of_event(docs: &[&str], arguments: Vec<String>) -> Self {
        Self::new(docs, Some(arguments), String::new())
    }

    /// `data: number`, or `a: number, b: string`.
    fn parameters(&self) -> Vec<String> {
        match self.arguments.as_slice() {
            [one] => vec![format!("data: {one}")],
            several => several.iter().enumerate().map(|(at, ty)| format!("argument{}: {ty}", at + 1)).collect(),
        }
    }
}

/// The types that signatures name, and their declarations.
pub struct Types {
    config: Config,
    seen: HashSet<TypeId>,
    declarations: BTreeMap<String, String>,
    clash: Option<String>,
}

impl std::fmt::Debug for Types {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.declarations.keys()).finish()
    }
}

impl Default for Types {
    fn default() -> Self {
        // a client's parser makes a number of whatever is one in JSON
        let config = Config::new().with_large_int("number");
        Self { config, seen: HashSet::new(), declarations: BTreeMap::new(), clash: None }
    }
}

impl Types {
    /// How the type is called.
    pub(crate) fn name<T: TS + 'static + ?Sized>(&mut self) -> String {
        self.visit::<T>();
        T::visit_dependencies(self);
        T::visit_generics(self);
        T::name(&self.config)
    }

    fn declare(&mut self, name: String, declaration: String) {
        let ours = ["ErrorReply", "ClientToServerEvents", "ServerToClientEvents"].contains(&name.as_str());
        let other = self.declarations.get(&name).is_some_and(|other| *other != declaration);
        if ours || other {
            self.clash = Some(name);
        } else {
            self.declarations.insert(name, declaration);
        }
    }
}

impl TypeVisitor for Types {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        // only what has a file of its own has a declaration
        if T::output_path().is_none() || !self.seen.insert(TypeId::of::<T>()) {
            return;
        }
        let docs = comment("", &T::docs().unwrap_or_default());
        self.declare(T::ident(&self.config), format!("{docs}export {}\n", T::decl(&self.config)));
        T::visit_dependencies(self);
        T::visit_generics(self);
    }
}

/// Two types, or a type and an interface, would have one name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("two types would be named `{name}` in TypeScript; `#[ts(rename = \"…\")]` gives one another name")]
pub struct NameClash {
    name: String,
}

impl NameClash {
    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

type Sign = fn(&mut Types) -> Signature;

/// What a namespace says and hears.
#[derive(Clone, Debug, Default)]
pub(crate) struct Events {
    client: BTreeMap<&'static str, Sign>,
    server: BTreeMap<&'static str, Sign>,
}

impl Events {
    /// What clients may send.
    pub(crate) fn hear(&mut self, name: &'static str, sign: Sign) {
        self.client.insert(name, sign);
    }

    /// What the server sends.
    pub(crate) fn say(&mut self, name: &'static str, sign: Sign) {
        self.server.insert(name, sign);
    }

    pub(crate) fn write(&self) -> Result<String, NameClash> {
        let mut types = Types::default();
        let mut client = String::new();
        for (name, sign) in &self.client {
            let signature = sign(&mut types);
            let mut parameters = signature.parameters();
            parameters.push(format!("acknowledge: (reply: {}) => void", or_error(&signature.reply)));
            write_event(&mut client, name, &signature.docs, &parameters);
        }
        let mut server = String::new();
        for (name, sign) in &self.server {
            let signature = sign(&mut types);
            write_event(&mut server, name, &signature.docs, &signature.parameters());
        }
        write_event(&mut server, "session_ended", ENDED_EVENT, &[ENDED.to_owned()]);
        write_event(&mut server, "session_error", ERROR_EVENT, &["data: ErrorReply".to_owned()]);
        if let Some(name) = types.clash {
            return Err(NameClash { name });
        }
        let declarations: Vec<_> = types.declarations.into_values().chain([ERROR.to_owned()]).collect();
        let declarations = declarations.join("\n");
        Ok(format!(
            "{HEAD}\n{declarations}\n/** What a client sends. */\nexport interface ClientToServerEvents {{\n{client}}}\n\n\
             /** What the server sends. */\nexport interface ServerToClientEvents {{\n{server}}}\n"
        ))
    }
}

const HEAD: &str = "\
// Made out of the handlers, by `Namespace::typescript` of socket-session: not to be changed by hand.
//
//   const socket: Socket<ServerToClientEvents, ClientToServerEvents> = io();
";

const ERROR: &str = "\
/** An acknowledgement that says why nothing was done, or nothing is saved. */
export interface ErrorReply {
  error: {
    /** For programs. */
    code: string;
    /** For people. */
    message: string;
    data?: unknown;
    /** What was sent, in the event `session_error`. */
    event?: string;
  };
}
";

const ENDED_EVENT: &str = "The connection is about to be ended.";

const ENDED: &str = r#"data: { reason: "logout" | "expired" | "rotated" | "replaced" | "demoted" | "shutting_down" }"#;

const ERROR_EVENT: &str = "An event that asked for no acknowledgement has failed.";

fn or_error(reply: &str) -> String {
    // `unknown` is an error as well
    if reply == UNKNOWN { reply.to_owned() } else { format!("{reply} | ErrorReply") }
}

/// Where a type does not say what it is in TypeScript.
const UNKNOWN: &str = "unknown";

fn write_event(interface: &mut String, name: &str, docs: &str, parameters: &[String]) {
    let (docs, name) = (comment("  ", docs), serde_json::Value::from(name));
    // to a string, which takes all
    let _ = writeln!(interface, "{docs}  {name}: ({}) => void;", parameters.join(", "));
}

/// A doc comment, in the form that editors show.
fn comment(indent: &str, docs: &str) -> String {
    // what ts-rs gives is a comment already
    if docs.starts_with("/**") {
        return docs.to_owned();
    }
    // a comment cannot be closed within
    let lines: Vec<_> = docs.lines().map(|line| line.trim().replace("*/", "* /")).collect();
    match lines.as_slice() {
        [] => String::new(),
        [one] => format!("{indent}/** {one} */\n"),
        several => {
            let several: String =
                several.iter().map(|line| format!("{indent} * {line}").trim_end().to_owned() + "\n").collect();
            format!("{indent}/**\n{several}{indent} */\n")
        }
    }
}

/// For generated code: a handler's types, if there is somebody to tell them.
#[doc(hidden)]
#[macro_export]
macro_rules! __socket_session_typescript {
    ([$($docs:expr),*] [$($argument:ty),*] $output:ty) => {
        fn signature(types: &mut $crate::private::typescript::Types) -> $crate::private::typescript::Signature {
            use $crate::private::typescript::asking::*;
            let arguments = ::core::option::Option::None;
            $(let arguments = arguments.or_else(|| (&&&&$crate::private::typescript::Argument::<$argument>::new()).arguments(types));)*
            let reply = (&&&&&$crate::private::typescript::Reply::<$output>::new()).reply(types);
            $crate::private::typescript::Signature::new(&[$($docs),*], arguments, reply)
        }
    };
}

/// For generated code: the types of a server event.
#[doc(hidden)]
#[macro_export]
macro_rules! __socket_session_typescript_event {
    ([$($docs:expr),*] [$($argument:ty),*]) => {
        fn signature(types: &mut $crate::private::typescript::Types) -> $crate::private::typescript::Signature {
            use $crate::private::typescript::asking::*;
            let arguments = ::std::vec![$((&&$crate::private::typescript::Value::<$argument>::new()).name(types)),*];
            $crate::private::typescript::Signature::of_event(&[$($docs),*], arguments)
        }
    };
}
