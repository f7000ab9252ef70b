//! Building this workspace's own programs, to run them.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::Result;
use crate::command::{cargo, watch};

/// Builds the binaries of these packages, each of which is named as its package, and finds where cargo has put them.
pub(crate) fn binaries(root: &Path, packages: &[&str], release: bool) -> Result<Vec<PathBuf>> {
    let mut arguments: Vec<_> = packages.iter().flat_map(|package| ["-p", package]).collect();
    if release {
        arguments.push("--release");
    }
    let artifacts = build(root, &arguments)?;
    packages.iter().map(|package| path(&artifacts, package)).collect()
}

/// Builds the binary of a package that needs a feature of it, which is not turned on for anything else.
pub(crate) fn with_feature(root: &Path, package: &str, feature: &str, binary: &str) -> Result<PathBuf> {
    path(&build(root, &["-p", package, "--features", feature, "--bin", binary])?, binary)
}

type Artifact = (String, PathBuf);

fn path(artifacts: &[Artifact], binary: &str) -> Result<PathBuf> {
    let found = artifacts.iter().find(|(name, _)| name == binary);
    let (_, path) = found.ok_or_else(|| format!("no package has a binary {binary}"))?;
    Ok(path.clone())
}

fn build(root: &Path, arguments: &[&str]) -> Result<Vec<Artifact>> {
    let mut build = cargo();
    build.args(["build", "--message-format=json-render-diagnostics"]).args(arguments).current_dir(root);
    let mut artifacts = Vec::new();
    let success = watch(&mut build, |line| {
        let message: Value = serde_json::from_str(line).unwrap_or_default();
        let name = message.pointer("/target/name").and_then(Value::as_str);
        let path = message.get("executable").and_then(Value::as_str);
        if let (Some(name), Some(path)) = (name, path) {
            artifacts.push((name.to_owned(), PathBuf::from(path)));
        }
    })?;
    if success { Ok(artifacts) } else { Err(format!("does not compile: {}", arguments.join(" ")).into()) }
}
