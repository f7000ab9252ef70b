//! One mistake is one error, and the error is where the mistake is: the cases of `tests/ui` say so themselves.
//!
//! A line with a mistake ends in `//~ ERROR`, once for each. What the error says is beside the case, in its `.stderr`; this
//! counts them, and finds those that no mistake explains. A few mistakes are mistakes for the compiler too, whatever the
//! attribute does: those errors are marked `//~ COMPILER`.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails where its tools do")]

use std::{
    collections::{BTreeMap, HashSet},
    env,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;

/// The lines with errors of each case, by its path below `tests/ui`.
type Lines = BTreeMap<String, Vec<u64>>;

fn cases(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            cases(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn name(ui: &Path, case: &Path) -> String {
    case.strip_prefix(ui).unwrap().display().to_string()
}

fn marked(case: &Path) -> Vec<u64> {
    let text = fs::read_to_string(case).unwrap();
    let lines = text.lines().zip(1..);
    lines.flat_map(|(line, number)| line.matches("//~ ").map(move |_| number)).collect()
}

/// A package whose programs are the cases, beside this one's dependencies.
fn package(root: &Path, cases: &[PathBuf]) -> PathBuf {
    let package = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mistakes");
    fs::create_dir_all(&package).unwrap();
    let mut manifest = format!(
        r#"[workspace]

[package]
name = "mistakes"
version = "0.0.0"
edition = "2024"
autobins = false

[dependencies]
serde = {{ version = "1", features = ["derive"] }}
socket-session = {{ path = "{}" }}
socketioxide = {{ version = "0.18.9", features = ["extensions", "state", "tracing"] }}
tokio = {{ version = "1", features = ["full"] }}
tower-sessions = "0.14"
"#,
        root.display(),
    );
    for (number, case) in cases.iter().enumerate() {
        write!(manifest, "\n[[bin]]\nname = \"case{number}\"\npath = \"{}\"\n", case.display()).unwrap();
    }
    fs::write(package.join("Cargo.toml"), manifest).unwrap();
    fs::copy(root.join("Cargo.lock"), package.join("Cargo.lock")).unwrap();
    package
}

/// What the compiler says of all of them.
fn reported(package: &Path, ui: &Path) -> (Lines, String) {
    let cargo = env::var_os("CARGO").expect("run by cargo");
    let output = Command::new(cargo)
        .args(["check", "--offline", "--quiet", "--keep-going", "--bins", "--message-format=json"])
        .current_dir(package)
        .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("mistakes-target"))
        .env_remove("RUSTFLAGS")
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    let (mut lines, mut shown) = (Lines::new(), HashSet::new());
    for message in String::from_utf8(output.stdout).unwrap().lines() {
        let message: Value = serde_json::from_str(message).unwrap();
        let of_case = Path::new(message["target"]["src_path"].as_str().unwrap_or_default()).starts_with(ui);
        if message["reason"] != "compiler-message" || message["message"]["level"] != "error" || !of_case {
            continue;
        }
        // as cargo does for people
        if !shown.insert(message["message"]["rendered"].to_string()) {
            continue;
        }
        let case = name(ui, Path::new(message["target"]["src_path"].as_str().unwrap()));
        let spans = message["message"]["spans"].as_array().unwrap();
        // "aborting due to …" is nowhere
        if let Some(span) = spans.iter().find(|span| span["is_primary"] == true) {
            lines.entry(case).or_default().push(span["line_start"].as_u64().unwrap());
        }
    }
    for lines in lines.values_mut() {
        lines.sort_unstable();
    }
    (lines, String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn each_mistake_is_one_error_where_it_is() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ui = root.join("tests/ui");
    let mut all = Vec::new();
    cases(&ui, &mut all);
    all.sort();
    assert!(all.len() > 200, "{} cases", all.len());
    let marked: Lines = all.iter().map(|case| (name(&ui, case), marked(case))).collect();
    let (reported, said) = reported(&package(root, &all), &ui);
    assert!(!reported.is_empty(), "{said}");
    let mut wrong = String::new();
    for (case, lines) in &marked {
        let found = reported.get(case).cloned().unwrap_or_default();
        if *lines != found {
            writeln!(wrong, "{case}: marked {lines:?}, reported {found:?}").unwrap();
        }
        if lines.is_empty() {
            writeln!(wrong, "{case}: no mistake is marked").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn the_index_has_every_case() {
    let ui = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui");
    let mut all = Vec::new();
    cases(&ui, &mut all);
    let index = fs::read_to_string(ui.join("README.md")).unwrap();
    let mut named: Vec<_> = index.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    let mut there: Vec<_> = all.iter().map(|case| name(&ui, &case.with_extension(""))).collect();
    named.sort_unstable();
    there.sort_unstable();
    assert_eq!(named, there);
}
