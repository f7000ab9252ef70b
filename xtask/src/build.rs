//! Building this workspace's own programs, to run them.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::Result;
use crate::command::{cargo, watch};

/// Builds the binaries of these packages, each of which is named as its package, and finds where cargo has put them.
pub(crate) fn binaries(root: &Path, packages: &[&str], release: bool) -> Result<Vec<PathBuf>> {
    let mut build = cargo();
    build.args(["build", "--message-format=json-render-diagnostics"]).current_dir(root);
    if release {
        build.arg("--release");
    }
    for package in packages {
        build.args(["-p", package]);
    }
    let mut artifacts = Vec::new();
    let success = watch(&mut build, |line| {
        let message: Value = serde_json::from_str(line).unwrap_or_default();
        let name = message.pointer("/target/name").and_then(Value::as_str);
        let path = message.get("executable").and_then(Value::as_str);
        if let (Some(name), Some(path)) = (name, path) {
            artifacts.push((name.to_owned(), PathBuf::from(path)));
        }
    })?;
    if !success {
        return Err(format!("these do not compile: {}", packages.join(", ")).into());
    }
    packages
        .iter()
        .map(|package| {
            let found = artifacts.iter().find(|(name, _)| name == package);
            let (_, path) = found.ok_or_else(|| format!("package {package} has no binary of that name"))?;
            Ok(path.clone())
        })
        .collect()
}
