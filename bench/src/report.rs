//! The document.

use std::{fmt::Write as _, fs, path::Path};

use load::handover;

use crate::{
    Result,
    compare::{Comparison, Options},
    event::Cost,
    flood::Flood,
    plot,
    servers::{Store, Variant},
    sockets::Idle,
    statistics::Median,
};

/// Everything that was measured.
pub(crate) struct Measured<'a> {
    pub(crate) machine: Vec<String>,
    pub(crate) options: Options<'a>,
    pub(crate) comparisons: Vec<Comparison>,
    pub(crate) costs: Vec<Cost>,
    pub(crate) sockets: u32,
    pub(crate) idle: Vec<Idle>,
    pub(crate) floods: Vec<Flood>,
    pub(crate) handovers: [handover::Report; 2],
}

/// How many times as fast one is to be as another.
struct Target {
    one: Variant,
    other: Variant,
    depth: usize,
    at_least: f64,
}

const TARGETS: [Target; 6] = [
    Target { one: Variant::Library(Store::Memory), other: Variant::Alone, depth: 8, at_least: 0.85 },
    Target { one: Variant::Library(Store::Memory), other: Variant::Alone, depth: 1, at_least: 0.85 },
    Target { one: Variant::Library(Store::Redis), other: Variant::ByHand(Store::Redis), depth: 8, at_least: 1.5 },
    Target { one: Variant::Library(Store::Redis), other: Variant::ByHand(Store::Redis), depth: 1, at_least: 0.9 },
    Target { one: Variant::Library(Store::Memory), other: Variant::Node(Store::Memory), depth: 8, at_least: 2.5 },
    Target { one: Variant::Library(Store::Redis), other: Variant::Node(Store::Redis), depth: 8, at_least: 3.0 },
];

/// The section that `cargo xtask bench compile` writes.
const COMPILE_TIME: &str = "\n## Compile time\n";

/// Beyond socketioxide alone.
const BYTES: f64 = 1_536.0;
const ALLOCATIONS: f64 = 15.0;

impl Measured<'_> {
    /// Writes the document, and the plot beside it.
    pub(crate) fn write(&self, document: &Path) -> Result<()> {
        let plot = document.with_extension("svg");
        fs::write(&plot, plot::svg(&self.comparisons))?;
        let plot = plot.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut text = self.text(&plot)?;
        if let Some((_, compile_time)) = fs::read_to_string(document).unwrap_or_default().split_once(COMPILE_TIME) {
            text.push_str(COMPILE_TIME);
            text.push_str(compile_time);
        }
        fs::write(document, text)?;
        println!("written: {}", document.display());
        Ok(())
    }

    fn text(&self, plot: &str) -> Result<String> {
        let mut text = format!(
            "# What exactness costs\n\n\
             Written by `cargo xtask bench`, which measures everything here in one go. One counter, four times: the event `my event` \
             adds one, and is acknowledged with the count.\n\n\
             - **socketioxide alone**: an acknowledging handler with a counter in memory, and no session.\n\
             - **by hand**: tower-sessions with its own stores: `load`, `get`, `insert`, `save`, acknowledge.\n\
             - **socket-session**: `async fn my_event(visit: &mut Visit) -> u32`.\n\
             - **guide on Node**: the code of the guide *How to use with express-session*, with `connect-redis` where it says Redis.\n\n\
             Measured over real WebSockets, with one load generator of ours on one core and the server on the other; databases share \
             the generator's. Where it has its core to itself it does not sleep: to wake it would be a part of what the servers \
             compute. *Depth* is how many events of a socket are on their way at once. {} rounds of {:.1} s, all servers in \
             turns; figures are medians, with the interval that holds the true median with 95 % (of the sign test). *Computed* is \
             the time that the server's process spent on a core for each event. Postgres and SQLite have a commit on the disk before they \
             acknowledge; Redis as it is installed.\n\n",
            self.options.rounds,
            self.options.time.as_secs_f64(),
        );
        for line in &self.machine {
            writeln!(text, "- {line}")?;
        }
        self.targets(&mut text)?;
        text.push_str("\nWhat remains of what is missed, by part: [profile](profile.md).\n");
        write!(text, "\n## Events a second\n\n![Events a second, by server]({plot})\n")?;
        for comparison in &self.comparisons {
            table(&mut text, comparison)?;
        }
        text += "\nWhat is lost by hand and by the guide is no fault of the benchmark: their sessions have counted less than was acknowledged.\n";
        self.costs(&mut text)?;
        write!(
            text,
            "\n## Handover between nodes\n\nTwo nodes on one Redis want the same session, and each handler takes 5 ms. How long an event \
             waited besides:\n\n"
        )?;
        for report in &self.handovers {
            for line in report.to_string().lines() {
                writeln!(text, "- {line}")?;
            }
        }
        Ok(text)
    }

    fn targets(&self, text: &mut String) -> Result<()> {
        text.push_str("\n## Targets\n\n| target | found | |\n|---|---|---|\n");
        for target in &TARGETS {
            for comparison in self.comparisons.iter().filter(|comparison| comparison.shape.depth == target.depth) {
                let Some(ratio) = comparison.ratio(target.one, target.other) else { continue };
                writeln!(
                    text,
                    "| {} ≥ {} × {}, {} | {} | {} |",
                    target.one.name(),
                    target.at_least,
                    target.other.name(),
                    comparison.shape,
                    interval(ratio, 2),
                    verdict(ratio.middle >= target.at_least),
                )?;
            }
        }
        let lost: u64 = self.ours().map(|row| row.acknowledged().abs_diff(row.found())).sum();
        writeln!(text, "| nothing lost with socket-session | {lost} | {} |", verdict(lost == 0))?;
        if let (Some(bytes), Some(allocations)) = (self.bytes_beyond(), self.allocations_beyond()) {
            writeln!(
                text,
                "| an idle socket ≤ {BYTES:.0} bytes beyond socketioxide alone | {bytes:.0} | {} |\n\
                 | an event ≤ {ALLOCATIONS} allocations beyond socketioxide alone, memory | {allocations:.1} | {} |",
                verdict(bytes <= BYTES),
                verdict(allocations <= ALLOCATIONS)
            )?;
        }
        let slowest = self.handovers.iter().map(handover::Report::p99).max().unwrap_or_default();
        writeln!(
            text,
            "| p99 of the wait between two nodes < 150 ms | {} ms | {} |",
            slowest.as_millis(),
            verdict(slowest.as_millis() < 150)
        )?;
        Ok(())
    }

    fn ours(&self) -> impl Iterator<Item = &crate::compare::Row> {
        self.comparisons
            .iter()
            .flat_map(|comparison| &comparison.rows)
            .filter(|row| matches!(row.variant, Variant::Library(_)))
    }

    fn cost(&self, variant: Variant) -> Option<&Cost> {
        self.costs.iter().find(|cost| cost.variant == variant)
    }

    fn allocations_beyond(&self) -> Option<f64> {
        let alone = self.cost(Variant::Alone)?;
        Some(self.cost(Variant::Library(Store::Memory))?.allocations - alone.allocations)
    }

    fn bytes_beyond(&self) -> Option<f64> {
        let of = |variant| self.idle.iter().find(|idle| idle.variant == variant).map(|idle| idle.bytes);
        Some(of(Variant::Library(Store::Memory))? - of(Variant::Alone)?)
    }

    fn costs(&self, text: &mut String) -> Result<()> {
        text.push_str(
            "\n## One event\n\nCounted, not timed: by a counting allocator, and by callgrind.\n\n\
             | | allocations | instructions |\n|---|---|---|\n",
        );
        for cost in &self.costs {
            writeln!(text, "| {} | {:.1} | {:.0} |", cost.variant.name(), cost.allocations, cost.instructions)?;
        }
        write!(
            text,
            "\n## One idle socket\n\n{} sockets in a namespace with ten events, each with a session of its own; the records of \
             the sessions, which are there without sockets too, are not counted. Computed is what the server needs for all of \
             them in a second, while they answer its pings.\n\n| | allocated bytes | computed, ms |\n|---|---|---|\n",
            self.sockets
        )?;
        for idle in &self.idle {
            let computed = idle.computed.as_secs_f64() * 1e3;
            writeln!(text, "| {} | {:.0} | {computed:.1} |", idle.variant.name(), idle.bytes)?;
        }
        text.push_str(
            "\n## A flood\n\nTen sessions with an event at a time, while a socket of another one keeps 512 events on its way.\n\n\
             | | p99 of the ten, µs | while it floods, µs | more memory, KiB |\n|---|---|---|---|\n",
        );
        for flood in &self.floods {
            let Flood { variant, quiet, flooded, memory } = flood;
            writeln!(text, "| {} | {quiet} | {flooded} | {memory} |", variant.name())?;
        }
        Ok(())
    }
}

fn table(text: &mut String, comparison: &Comparison) -> Result<()> {
    write!(
        text,
        "\n### {}\n\n| | events/s | × alone | computed, µs | p50, µs | p99, µs | acknowledged | found |\n\
         |---|---|---|---|---|---|---|---|\n",
        comparison.shape
    )?;
    for row in &comparison.rows {
        let dash = || "–".to_owned();
        writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} | {} |",
            row.variant.name(),
            row.rate().map_or_else(dash, |rate| interval(rate, 0)),
            comparison.ratio(row.variant, Variant::Alone).map_or_else(dash, |ratio| interval(ratio, 2)),
            row.computed().map_or_else(dash, |computed| format!("{:.1}", computed.middle)),
            row.latency(0.5),
            row.latency(0.99),
            row.acknowledged(),
            row.found(),
        )?;
    }
    Ok(())
}

fn interval(Median { middle, low, high }: Median, digits: usize) -> String {
    format!("{middle:.digits$} ({low:.digits$}–{high:.digits$})")
}

fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "**missed**" }
}
