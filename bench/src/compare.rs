//! How many events a second, and how long each takes: all servers, in turns.

use std::{fmt::Write as _, time::Duration};

use hdrhistogram::Histogram;

use crate::{
    Result,
    load::{self, Measured, Shape},
    servers::{Databases, Programs, Server, Variant, pinned},
    statistics::Median,
};

pub(crate) struct Options<'a> {
    /// How often each is measured, besides a first time that does not count.
    pub(crate) rounds: usize,
    /// For how long each time.
    pub(crate) time: Duration,
    /// Those whose name contains this.
    pub(crate) only: &'a str,
}

/// Everything that was measured with one shape.
pub(crate) struct Comparison {
    pub(crate) shape: Shape,
    pub(crate) rows: Vec<Row>,
}

pub(crate) struct Row {
    pub(crate) variant: Variant,
    rounds: Vec<Measured>,
}

pub(crate) async fn run(programs: &Programs, options: &Options<'_>) -> Result<Vec<Comparison>> {
    let databases = Databases::start()?;
    let mut servers = Vec::new();
    for variant in Variant::ALL.into_iter().filter(|variant| variant.name().contains(options.only)) {
        let program = programs.program(variant, &databases.url(variant), "bench-server");
        servers.push(Server::start(variant, pinned(program)).await?);
    }
    let mut comparisons = Vec::new();
    for shape in Shape::ALL {
        let mut rows: Vec<Row> =
            servers.iter().map(|server| Row { variant: server.variant, rounds: Vec::new() }).collect();
        for round in 0..=options.rounds {
            for (server, row) in servers.iter().zip(&mut rows) {
                let measured = load::run(server, shape, options.time).await?;
                if round > 0 {
                    row.rounds.push(measured);
                }
            }
        }
        let comparison = Comparison { shape, rows };
        println!("\n{}", comparison.text());
        comparisons.push(comparison);
    }
    Ok(comparisons)
}

impl Row {
    /// Events a second.
    pub(crate) fn rate(&self) -> Option<Median> {
        Median::of(self.rounds.iter().map(Measured::rate).collect())
    }

    /// What the server computed for an event, in microseconds.
    pub(crate) fn computed(&self) -> Option<Median> {
        Median::of(self.rounds.iter().map(Measured::computed).collect())
    }

    /// From an event to its acknowledgement, in microseconds.
    pub(crate) fn latency(&self, quantile: f64) -> u64 {
        let mut all = Histogram::<u64>::new_with_max(60_000_000, 3).ok();
        for round in &self.rounds {
            all = all.filter(|all| round.latency.max() <= all.high());
            if let Some(all) = &mut all {
                let _ = all.add(&round.latency);
            }
        }
        all.map_or(u64::MAX, |all| all.value_at_quantile(quantile))
    }

    pub(crate) fn acknowledged(&self) -> u64 {
        self.rounds.iter().map(|round| round.acknowledged).sum()
    }

    /// What the sessions have counted.
    pub(crate) fn found(&self) -> u64 {
        self.rounds.iter().map(|round| round.found).sum()
    }

    /// Of what was acknowledged, in percent.
    pub(crate) fn lost(&self) -> u64 {
        let acknowledged = self.acknowledged();
        (100 * acknowledged.saturating_sub(self.found())).checked_div(acknowledged).unwrap_or_default()
    }
}

impl Comparison {
    pub(crate) fn row(&self, variant: Variant) -> Option<&Row> {
        self.rows.iter().find(|row| row.variant == variant)
    }

    /// How many times as many events a second one has as the other, round by round.
    pub(crate) fn ratio(&self, one: Variant, other: Variant) -> Option<Median> {
        let rounds = self.row(one)?.rounds.iter().zip(&self.row(other)?.rounds);
        Median::of(rounds.map(|(one, other)| one.rate() / other.rate()).collect())
    }

    fn text(&self) -> String {
        let mut text = format!("{}\n", self.shape);
        for row in &self.rows {
            let (rate, computed) = (row.rate().map_or(0.0, |rate| rate.middle), row.computed());
            let _ = writeln!(
                text,
                "  {:26} {rate:8.0} events/s  {:6.1} µs computed  p50 {:6} µs  p99 {:6} µs  {} acknowledged, {} found",
                row.variant.name(),
                computed.map_or(0.0, |computed| computed.middle),
                row.latency(0.5),
                row.latency(0.99),
                row.acknowledged(),
                row.found(),
            );
        }
        text
    }
}
