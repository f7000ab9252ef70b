//! The machine on which something was measured, and the programs.

use std::{fs, path::Path, process::Command};

/// A line each.
pub(crate) fn description() -> Vec<String> {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let all = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let of_cpu = |name: &str| {
        let line = all.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kilobytes: u64 =
        memory.split_whitespace().nth(1).and_then(|kilobytes| kilobytes.parse().ok()).unwrap_or_default();
    let processors = all.lines().filter(|line| line.starts_with("processor")).count().max(cores);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    vec![
        format!(
            "{processors} cores of a virtual machine ({}), {} GiB of memory, Linux {}",
            of_cpu("model name").unwrap_or_else(|| "an unknown processor".to_owned()),
            (kilobytes + (1 << 19)) >> 20,
            kernel.trim()
        ),
        said("rustc", &["--version"]),
        said("redis-server", &["--version"]),
        postgres(),
        format!("node {}", said("node", &["--version"])),
    ]
}

fn said(program: &str, arguments: &[&str]) -> String {
    let said = Command::new(program).args(arguments).output().map(|output| output.stdout).unwrap_or_default();
    let line = String::from_utf8_lossy(&said);
    // Redis goes on with how it was built
    line.lines().next().unwrap_or(program).split(" sha=").next().unwrap_or_default().trim().to_owned()
}

/// Debian keeps the server's own programs out of the PATH.
fn postgres() -> String {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<_> = versions.map(|version| version.path().join("bin/postgres")).collect();
    found.retain(|path| path.exists());
    found.sort();
    let program = found.pop().unwrap_or_else(|| Path::new("postgres").to_owned());
    said(&program.to_string_lossy(), &["--version"])
}
