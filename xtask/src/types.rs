//! Writes what is made out of the handlers for clients.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::{Result, build, say};

/// The guide's events in TypeScript.
const GUIDE: &str = "examples/guide/events.d.ts";

pub(crate) fn run(root: &Path) -> Result<bool> {
    say("building the guide");
    let guide = build::binaries(root, &["guide"], false)?.into_iter().next().ok_or("there is no guide")?;
    let output = Command::new(guide).arg("--types").stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Ok(false);
    }
    fs::write(root.join(GUIDE), output.stdout)?;
    say(&format!("wrote {GUIDE}"));
    Ok(true)
}
