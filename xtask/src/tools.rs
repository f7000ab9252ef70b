//! What the tests need besides Rust: it is installed where that is possible, and named where it is not.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{find, output, run};
use crate::{Result, say};

/// The oldest Node.js that the JavaScript tests run on.
const NODE: u32 = 20;

/// The packages that the JavaScript tests and the guide's page load.
const NPM_FOLDERS: [&str; 2] = ["tests/js", "examples/guide"];

/// Names of the browser; the first is that of Debian's package.
const CHROMIUM: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// Makes redis-server, Postgres and HAProxy be there, which the tests start on ports of their own, and faketime, which sets
/// clocks wrong.
pub(crate) fn prepare_servers() -> Result<()> {
    let mut missing: Vec<_> =
        ["redis-server", "haproxy", "faketime"].into_iter().filter(|name| find(name).is_none()).collect();
    if !has_postgres() {
        missing.push("postgresql");
    }
    install_packages(&missing)
}

/// Debian keeps the server's own programs out of the PATH.
fn has_postgres() -> bool {
    let mut versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    find("initdb").is_some() || versions.any(|version| version.path().join("bin/initdb").exists())
}

/// Makes the servers be there, and Node.js with the guide's packages, and valgrind, which counts instructions.
pub(crate) fn prepare_benchmarks(root: &Path) -> Result<()> {
    prepare_servers()?;
    install_packages(&["node", "npm", "valgrind", "taskset"].map(package).into_iter().flatten().collect::<Vec<_>>())?;
    check_node()?;
    install_npm(&root.join(NPM_FOLDERS[0]), NPM_FOLDERS[0])
}

/// The Debian package of a program that is not there.
fn package(program: &'static str) -> Option<&'static str> {
    let package = match program {
        "node" => "nodejs",
        "taskset" => "util-linux",
        other => other,
    };
    find(program).is_none().then_some(package)
}

/// Makes Node.js, npm with the tests' packages, and Chromium be there; returns the path of Chromium.
pub(crate) fn prepare(root: &Path) -> Result<PathBuf> {
    install_packages(&missing())?;
    let chromium = chromium().ok_or("Chromium is still missing: put `chromium` into the PATH")?;
    check_node()?;
    for folder in NPM_FOLDERS {
        install_npm(&root.join(folder), folder)?;
    }
    Ok(chromium)
}

/// Makes Python be there, with the packages of tests/py in a folder below `target`; returns the path of its `python`.
pub(crate) fn prepare_python(root: &Path) -> Result<PathBuf> {
    // Debian's Python comes without what makes such a folder
    if output("python3", &["-c", "import ensurepip, venv"]).is_none() {
        install_packages(&["python3", "python3-venv"])?;
    }
    let requirements = root.join("tests/py/requirements.txt");
    let wanted = fs::read(&requirements).map_err(|error| format!("tests/py/requirements.txt: {error}"))?;
    let folder = root.join("target/py");
    let (python, stamp) = (folder.join("bin/python"), folder.join(".installed-requirements.txt"));
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    say("installing Python packages: tests/py");
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    run(Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"])
        .arg(&requirements))?;
    fs::write(&stamp, wanted)?;
    Ok(python)
}

fn missing() -> Vec<&'static str> {
    let chromium = chromium().is_none().then_some("chromium");
    [package("node"), package("npm"), chromium].into_iter().flatten().collect()
}

fn chromium() -> Option<PathBuf> {
    CHROMIUM.into_iter().find_map(find)
}

fn install_packages(packages: &[&str]) -> Result<()> {
    if packages.is_empty() {
        return Ok(());
    }
    let names = packages.join(" ");
    let root = output("id", &["-u"]).as_deref() == Some("0");
    if !root || find("apt-get").is_none() {
        return Err(
            format!("missing: {names}. Install these (on Debian: apt-get install {names}), then run again").into()
        );
    }
    say(&format!("installing with apt-get: {names}"));
    run(apt().arg("update"))?;
    run(apt().args(["install", "-y", "--no-install-recommends"]).args(packages))
}

fn apt() -> Command {
    let mut apt = Command::new("apt-get");
    apt.arg("-q").env("DEBIAN_FRONTEND", "noninteractive");
    apt
}

fn check_node() -> Result<()> {
    let version = output("node", &["--version"]).ok_or("`node --version` failed")?;
    let major = version.trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_some_and(|major| major >= NODE) {
        Ok(())
    } else {
        Err(format!("Node.js {NODE} or later is needed, this is {version}: install a newer one, then run again").into())
    }
}

/// `npm ci`, unless what is installed is what the lockfile says: a copy of it lies beside the packages.
fn install_npm(folder: &Path, name: &str) -> Result<()> {
    let lock =
        fs::read(folder.join("package-lock.json")).map_err(|error| format!("{name}/package-lock.json: {error}"))?;
    let stamp = folder.join("node_modules/.installed-lock.json");
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    say(&format!("installing npm packages: {name}"));
    run(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(folder))?;
    fs::write(&stamp, lock)?;
    Ok(())
}
