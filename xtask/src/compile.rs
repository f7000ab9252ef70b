//! What the attributes cost when they are compiled: 200 handlers and 20 views, and the same written for socketioxide
//! directly, with one generic helper that loads, runs and saves.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{Result, say};

const VIEWS: usize = 20;
/// Handlers of each view: 200 in all.
const HANDLERS: usize = 10;
/// How much longer the attributes may take.
const TARGET: f64 = 1.5;
/// Where the section begins in docs/benchmarks.md; what measures the rest keeps it.
const HEADING: &str = "## Compile time\n";

/// One of the two crates.
struct Crate {
    name: &'static str,
    what: &'static str,
    code: fn() -> Result<String>,
}

const CRATES: [Crate; 2] = [
    Crate { name: "by-hand", what: "socketioxide, with a generic helper", code: by_hand },
    Crate { name: "attributes", what: "socket-session", code: attributes },
];

/// What one check took, in seconds.
#[derive(Clone, Copy)]
struct Taken {
    real: f64,
    user: f64,
}

/// Measures, and writes the section.
pub(crate) fn run(root: &Path, rounds: usize) -> Result<bool> {
    let folder = root.join("target/compile-time");
    generate(root, &folder)?;
    for one in &CRATES {
        say(&format!("building what {} needs", one.name));
        check(&folder, one.name)?;
    }
    let mut best = [Taken { real: f64::MAX, user: f64::MAX }; 2];
    for round in 1..=rounds {
        // in turns, so that what else the machine does disturbs both
        for (one, best) in CRATES.iter().zip(&mut best) {
            let library = folder.join(one.name).join("src/lib.rs");
            fs::write(library, (one.code)()?)?;
            let taken = check(&folder, one.name)?;
            say(&format!("round {round}: {} took {:.2} s, {:.2} s of computing", one.name, taken.real, taken.user));
            *best = Taken { real: best.real.min(taken.real), user: best.user.min(taken.user) };
        }
    }
    let [by_hand, attributes] = best;
    let ratio = attributes.user / by_hand.user;
    let section = section(rounds, best, ratio)?;
    print!("\n{section}");
    let document = root.join("docs/benchmarks.md");
    let text = fs::read_to_string(&document)?;
    let before = text.split(HEADING).next().unwrap_or_default().trim_end();
    fs::write(&document, format!("{before}\n\n{section}"))?;
    Ok(ratio <= TARGET)
}

fn section(rounds: usize, best: [Taken; 2], ratio: f64) -> Result<String> {
    let [by_hand, attributes] = best;
    let mut text = String::from(HEADING);
    let verdict = if ratio <= TARGET { "met" } else { "**missed**" };
    write!(
        text,
        "\nWritten by `cargo xtask bench compile`: `cargo check` of {} handlers and {VIEWS} views, without incremental \
         compilation, their dependencies compiled. Best of {rounds} rounds in turns. Target: at most {TARGET} × the same \
         handlers by hand, by the time that was computed; {ratio:.2}, {verdict}.\n\n\
         | | seconds | computed, s | × by hand, computed |\n|---|---|---|---|\n",
        VIEWS * HANDLERS,
    )?;
    for (one, taken) in CRATES.iter().zip([by_hand, attributes]) {
        let ratio = taken.user / by_hand.user;
        writeln!(text, "| {} | {:.2} | {:.2} | {ratio:.2} |", one.what, taken.real, taken.user)?;
    }
    Ok(text)
}

/// A workspace of both, outside of this one.
fn generate(root: &Path, folder: &Path) -> Result<()> {
    let members: Vec<_> = CRATES.iter().map(|one| format!("{:?}", one.name)).collect();
    let members = members.join(", ");
    for one in &CRATES {
        fs::create_dir_all(folder.join(one.name).join("src"))?;
        fs::write(folder.join(one.name).join("src/lib.rs"), (one.code)()?)?;
        let manifest = format!(
            "[package]\nname = {:?}\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n\
             serde = {{ version = \"1\", features = [\"derive\"] }}\nsocket-session = {{ path = {:?} }}\n\
             socketioxide = {{ version = \"0.18.9\", features = [\"extensions\"] }}\ntower-sessions = \"0.14\"\n",
            one.name,
            root.to_string_lossy()
        );
        fs::write(folder.join(one.name).join("Cargo.toml"), manifest)?;
    }
    fs::write(folder.join("Cargo.toml"), format!("[workspace]\nmembers = [{members}]\nresolver = \"3\"\n"))?;
    // the same versions as here
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock"))?;
    Ok(())
}

/// `cargo check`, and what it took: bash knows what its children have computed.
fn check(folder: &Path, name: &str) -> Result<Taken> {
    let cargo = std::env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from);
    let output = Command::new("bash")
        .args(["-c", r#"TIMEFORMAT="%R %U"; time "$0" check --quiet -p "$1""#])
        .arg(cargo)
        .arg(name)
        .current_dir(folder)
        .env("CARGO_INCREMENTAL", "0")
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .stdin(Stdio::null())
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("{name} does not compile:\n{said}").into());
    }
    let mut numbers = said.lines().last().unwrap_or_default().split(' ').map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(real)), Some(Ok(user))) => Ok(Taken { real, user }),
        _ => Err(format!("bash did not say what it took: {said}").into()),
    }
}

/// What a view holds, and how it is declared.
fn view(text: &mut String, attribute: &str, at: usize) -> std::fmt::Result {
    let fields = ["count: u32", "name: String", "items: Vec<u32>", "user: Option<u64>", "done: bool"];
    let fields: Vec<_> = fields.iter().map(|field| format!("    pub {}_{field},\n", letter(at))).collect();
    let fields = fields.concat();
    text.write_fmt(format_args!("{attribute}\npub struct View{at} {{\n{fields}}}\n\n"))
}

/// Of whose keys no other view has one.
fn letter(at: usize) -> String {
    format!("v{at}")
}

/// What all handlers do, whatever takes them to the session.
fn body(kind: usize, at: usize) -> String {
    let v = letter(at);
    match kind {
        0 => format!("view.{v}_count += 1;\n    view.{v}_count"),
        1 => format!("view.{v}_count = view.{v}_count.checked_add(by).ok_or(\"full\")?;\n    Ok(view.{v}_count)"),
        2 => format!("view.{v}_items.len() + view.{v}_name.len()"),
        3 => format!("view.{v}_items.extend(order.items);\n    view.{v}_name = order.name;\n    view.{v}_items.len()"),
        _ => format!("view.{v}_done = !view.{v}_done;\n    Ok(view.{v}_done)"),
    }
}

const ORDER: &str =
    "#[derive(serde::Deserialize)]\npub struct Order {\n    pub items: Vec<u32>,\n    pub name: String,\n}\n\n";

fn attributes() -> Result<String> {
    let mut text = String::from(
        "use socket_session::{Namespace, Sessions, on, socket_session};\nuse socketioxide::extract::Data;\n\n",
    );
    text.push_str(ORDER);
    let mut registered = String::new();
    for at in 0..VIEWS {
        view(&mut text, "#[socket_session]", at)?;
        for handler in 0..HANDLERS {
            let kind = handler % 5;
            let (parameters, output) = match kind {
                0 => (format!("view: &mut View{at}"), "u32"),
                1 => (format!("view: &mut View{at}, Data(by): Data<u32>"), "Result<u32, &'static str>"),
                2 => (format!("view: &View{at}"), "usize"),
                3 => (format!("view: &mut View{at}, Data(order): Data<Order>"), "usize"),
                _ => (format!("view: &mut View{at}"), "Result<bool, String>"),
            };
            let (name, body) = (format!("handler_{at}_{handler}"), body(kind, at));
            text.write_fmt(format_args!(
                "#[on(\"event {at} {handler}\")]\npub async fn {name}({parameters}) -> {output} {{\n    {body}\n}}\n\n"
            ))?;
            registered.write_fmt(format_args!("\n        .on::<{name}>()"))?;
        }
    }
    text.write_fmt(format_args!(
        "pub fn register(sessions: &Sessions) -> Namespace {{\n    sessions.namespace(){registered}\n}}\n"
    ))?;
    Ok(text)
}

const HELPER: &str = r#"use serde::{Serialize, de::DeserializeOwned};
use socketioxide::extract::{AckSender, Data, SocketRef};
use tower_sessions::Session;

/// What is in the session under one key.
pub trait Stored: Serialize + DeserializeOwned + Default + Clone + Send + Sync {
    const KEY: &'static str;
}

#[derive(Serialize)]
struct Failed {
    error: String,
}

/// Loads, runs, saves and acknowledges.
async fn with<V: Stored, R: Serialize, E: ToString>(
    socket: &SocketRef,
    ack: AckSender,
    run: impl FnOnce(&mut V) -> Result<R, E>,
) {
    let sent = match load_and_save(socket, run).await {
        Ok(reply) => ack.send(&(reply,)),
        Err(error) => ack.send(&(Failed { error },)),
    };
    sent.ok();
}

async fn load_and_save<V: Stored, R, E: ToString>(
    socket: &SocketRef,
    run: impl FnOnce(&mut V) -> Result<R, E>,
) -> Result<R, String> {
    let session = socket.req_parts().extensions.get::<Session>().cloned().ok_or("no session")?;
    session.load().await.map_err(|error| error.to_string())?;
    let mut view: V = session.get(V::KEY).await.map_err(|error| error.to_string())?.unwrap_or_default();
    let reply = run(&mut view).map_err(|error| error.to_string())?;
    session.insert(V::KEY, view).await.map_err(|error| error.to_string())?;
    session.save().await.map_err(|error| error.to_string())?;
    Ok(reply)
}

"#;

fn by_hand() -> Result<String> {
    let mut text = String::from(HELPER);
    text.push_str(ORDER);
    let mut registered = String::new();
    for at in 0..VIEWS {
        view(&mut text, "#[derive(Clone, Default, serde::Serialize, serde::Deserialize)]", at)?;
        text.write_fmt(format_args!(
            "impl Stored for View{at} {{\n    const KEY: &'static str = \"view {at}\";\n}}\n\n"
        ))?;
        for handler in 0..HANDLERS {
            let kind = handler % 5;
            let (parameter, output) = match kind {
                0 => ("", "u32"),
                1 => ("Data(by): Data<u32>, ", ""),
                2 => ("", "usize"),
                3 => ("Data(order): Data<Order>, ", "usize"),
                _ => ("", ""),
            };
            let (name, body) = (format!("handler_{at}_{handler}"), body(kind, at));
            // what cannot fail says so
            let (error, body) = match (kind, output) {
                (1, _) => ("Result<u32, &'static str>".to_owned(), body),
                (_, "") => ("Result<bool, String>".to_owned(), body),
                (_, output) => {
                    let (before, last) = body.rsplit_once('\n').map_or(("", &*body), |(before, last)| (before, last));
                    (format!("Result<{output}, String>"), format!("{before}\n    Ok({})", last.trim()))
                }
            };
            text.write_fmt(format_args!(
                "pub async fn {name}(socket: SocketRef, {parameter}ack: AckSender) {{\n    \
                 with(&socket, ack, |view: &mut View{at}| -> {error} {{\n    {body}\n    }}).await\n}}\n\n"
            ))?;
            registered.write_fmt(format_args!("    socket.on(\"event {at} {handler}\", {name});\n"))?;
        }
    }
    text.write_fmt(format_args!("pub fn connected(socket: SocketRef) {{\n{registered}}}\n"))?;
    Ok(text)
}
