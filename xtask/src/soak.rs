//! Runs tests/load: two nodes under load, which die.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::watch;
use crate::suites::Count;
use crate::{Result, build, say, tools};

/// Where nodes can keep their sessions.
pub(crate) const STORES: [&str; 3] = ["redis", "postgres", "sqlite"];

/// Of the short one.
const EVENTS: u64 = 20_000;
const EVERY: u64 = 2_000;
const SEED: u64 = 1;

/// The long one: whether every promise was kept.
pub(crate) fn run(root: &Path, store: &str, events: u64, every: u64, seed: Option<u64>) -> Result<bool> {
    tools::prepare_servers()?;
    say("building the nodes and their load");
    let programs = Programs::build(root, true)?;
    watch(&mut programs.soak(store, events, every, seed), |line| println!("{line}"))
}

/// The short one, with a seed that is always the same, and on each store with one that is not.
pub(crate) fn suite(root: &Path) -> Result<Count> {
    let programs = Programs::build(root, false)?;
    let mut count = Count::default();
    let [redis, ..] = STORES;
    for (store, seed) in [(redis, Some(SEED))].into_iter().chain(STORES.map(|store| (store, None))) {
        if watch(&mut programs.soak(store, EVENTS, EVERY, seed), |line| println!("{line}"))? {
            count.passed += 1;
        } else {
            count.failed += 1;
        }
    }
    Ok(count)
}

struct Programs {
    guide: PathBuf,
    load: PathBuf,
}

impl Programs {
    fn build(root: &Path, release: bool) -> Result<Self> {
        let mut paths = build::binaries(root, &["guide", "load"], release)?.into_iter();
        let (Some(guide), Some(load)) = (paths.next(), paths.next()) else {
            return Err("the nodes and their load are not there".into());
        };
        Ok(Self { guide, load })
    }

    fn soak(&self, store: &str, events: u64, every: u64, seed: Option<u64>) -> Command {
        let mut soak = Command::new(&self.load);
        soak.arg("soak").arg("--guide").arg(&self.guide);
        soak.args(["--store", store]);
        soak.args(["--events", &events.to_string(), "--every", &every.to_string()]);
        if let Some(seed) = seed {
            soak.args(["--seed", &seed.to_string()]);
        }
        soak
    }
}
