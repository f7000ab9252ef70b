//! The suites, and what each of them found.

use std::fmt;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::command::{cargo, watch};
use crate::{Result, build, say, soak, tools};

/// One suite of tests.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Suite {
    /// `cargo test` over the workspace: unit tests, documentation, compile errors, snapshots
    Rust,
    /// `node --test` over tests/js: behaviour over real connections
    Js,
    /// unittest over tests/py: the same by python-socketio
    Py,
    /// Two nodes on one store that die at random, for a short time: on each store
    Soak,
}

/// The binaries that tests/js and tests/py talk to: package, and the variable that names its path.
const BINARIES: [(&str, &str); 6] = [
    ("axum-login-example", "AXUM_LOGIN_BIN"),
    ("cluster-example", "CLUSTER_BIN"),
    ("guide", "GUIDE_BIN"),
    ("protocol-server", "PROTOCOL_SERVER_BIN"),
    ("readme", "README_BIN"),
    ("test-server", "TEST_SERVER_BIN"),
];

/// What a suite counted.
#[derive(Default, Clone, Copy)]
pub(crate) struct Count {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    skipped: u64,
    /// The command itself failed, or had nothing to run: counts alone do not make a suite pass.
    broken: bool,
}

impl Count {
    fn ok(self) -> bool {
        !self.broken && self.failed == 0 && self.skipped == 0
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

/// Runs the suites, prints a summary, and says whether everything passed.
pub(crate) fn run(root: &Path, only: Option<Suite>, file: &str) -> Result<bool> {
    let wanted = |suite| only.is_none_or(|only| only == suite);
    let mut counts = Vec::new();
    // First, so that what cannot be installed is known before the long compilation.
    tools::prepare_servers()?;
    let chromium = if wanted(Suite::Js) { Some(tools::prepare(root)?) } else { None };
    let python = if wanted(Suite::Py) { Some(tools::prepare_python(root)?) } else { None };
    if wanted(Suite::Rust) {
        say("suite rust: cargo test --workspace");
        counts.push(("rust", rust(root)?));
    }
    if chromium.is_some() || python.is_some() {
        say("building the programs that tests/js and tests/py talk to");
        let binaries = binaries(root)?;
        if let Some(chromium) = chromium {
            say("suite js: node --test");
            counts.push(("js", js(root, file, &binaries, &chromium)?));
        }
        if let Some(python) = python {
            say("suite py: python run.py");
            counts.push(("py", py(root, &binaries, &python)?));
        }
    }

    if wanted(Suite::Soak) {
        say("suite soak: two nodes on one store");
        counts.push(("soak", soak::suite(root)?));
    }

    println!();
    let mut total = Count::default();
    for (suite, count) in counts {
        let verdict = if count.ok() { "ok" } else { "FAILED" };
        say(&format!("{suite:5} {verdict:7} {count}"));
        total.passed += count.passed;
        total.failed += count.failed;
        total.skipped += count.skipped;
        total.broken |= count.broken;
    }
    // A suite that broke off has failed, whatever it had counted by then.
    if total.broken && total.failed == 0 {
        total.failed = 1;
    }
    println!("{total}");
    Ok(total.ok())
}

fn rust(root: &Path) -> Result<Count> {
    let mut count = Count::default();
    let mut test = cargo();
    test.args(["test", "--workspace", "--no-fail-fast"]).current_dir(root);
    let success = watch(&mut test, |line| {
        println!("{line}");
        // test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; …
        let Some((_, result)) = line.strip_prefix("test result: ").and_then(|rest| rest.split_once(". ")) else {
            return;
        };
        for part in result.split("; ") {
            match part.split_once(' ') {
                Some((number, "passed")) => count.passed += number.parse().unwrap_or(0),
                Some((number, "failed")) => count.failed += number.parse().unwrap_or(0),
                Some((number, "ignored")) => count.skipped += number.parse().unwrap_or(0),
                _ => {}
            }
        }
    })?;
    count.broken = !success || count.passed == 0;
    Ok(count)
}

/// Builds the servers, and finds where cargo has put them.
fn binaries(root: &Path) -> Result<Vec<(&'static str, PathBuf)>> {
    let paths = build::binaries(root, &BINARIES.map(|(package, _)| package), false)?;
    let featured = build::with_feature(root, "protocol-server", "featured", "protocol-server-featured")?;
    let mut binaries: Vec<_> = BINARIES.into_iter().map(|(_, variable)| variable).zip(paths).collect();
    binaries.push(("PROTOCOL_SERVER_FEATURED_BIN", featured));
    Ok(binaries)
}

fn js(root: &Path, file: &str, binaries: &[(&'static str, PathBuf)], chromium: &Path) -> Result<Count> {
    let folder = root.join("tests/js");
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".test.mjs") && name.contains(file) {
            files.push(name);
        }
    }
    if files.is_empty() {
        return Err(format!("no file of tests/js matches `{file}`").into());
    }
    files.sort();

    let mut count = Count::default();
    let mut node = std::process::Command::new("node");
    // The tests wait more than they compute, and start servers of their own: a few files at a time.
    node.args(["--test", "--test-reporter=spec", "--test-concurrency=3", "--test-timeout=180000"])
        .args(files)
        .envs(binaries.iter().map(|(variable, path)| (variable, path)))
        .env("CHROMIUM_BIN", chromium)
        .current_dir(&folder);
    let success = watch(&mut node, |line| {
        println!("{line}");
        // ℹ pass 3
        let mut words = line.strip_prefix("ℹ ").unwrap_or_default().split(' ');
        let (Some(what), Some(number), None) = (words.next(), words.next(), words.next()) else {
            return;
        };
        let number: u64 = number.parse().unwrap_or(0);
        match what {
            "pass" => count.passed = number,
            "fail" | "cancelled" => count.failed += number,
            "skipped" | "todo" => count.skipped += number,
            _ => {}
        }
    })?;
    count.broken = !success || count.passed == 0;
    Ok(count)
}

fn py(root: &Path, binaries: &[(&'static str, PathBuf)], python: &Path) -> Result<Count> {
    let mut count = Count::default();
    let mut unittest = std::process::Command::new(python);
    unittest
        .args(["-B", "run.py"])
        .envs(binaries.iter().map(|(variable, path)| (variable, path)))
        .current_dir(root.join("tests/py"));
    let success = watch(&mut unittest, |line| {
        println!("{line}");
        // passed 3, failed 0, skipped 0
        for part in line.split(", ") {
            let Some((what, number)) = part.split_once(' ') else { continue };
            let Ok(number) = number.parse::<u64>() else { continue };
            match what {
                "passed" => count.passed = number,
                "failed" => count.failed = number,
                "skipped" => count.skipped = number,
                _ => {}
            }
        }
    })?;
    count.broken = !success || count.passed == 0;
    Ok(count)
}
