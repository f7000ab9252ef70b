//! Two nodes on one store, many visitors, and everything that can die dies at random: is what was acknowledged there?
//!
//! The seed decides what is tried; when it happens is up to the machine, so a seed repeats a run closely, not exactly.

mod chaos;
mod cluster;
mod life;
mod visitor;

use std::{
    collections::HashSet,
    fmt,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use fastrand::Rng;
use tokio::{task::JoinSet, time::sleep};

use self::{chaos::Deaths, cluster::Cluster, life::Left};
use crate::{
    Http, Result,
    counting::{Counting, Reasons},
    guide,
    ledger::Tally,
    store::Kind,
};

/// What to do.
#[derive(Debug, Clone)]
pub struct Options {
    /// The binary of the guide.
    pub guide: PathBuf,
    /// Where the nodes keep their sessions.
    pub store: Kind,
    /// How many events to send.
    pub events: u64,
    /// Decides what is tried.
    pub seed: u64,
    /// How many visitors there are at once.
    pub visitors: usize,
    /// Something dies each so many events, on average.
    pub every: u64,
}

/// What came of it.
#[derive(Debug)]
pub struct Report {
    store: Kind,
    seed: u64,
    events: u64,
    every: u64,
    tally: Tally,
    reasons: Reasons,
    lives: u64,
    deaths: Deaths,
    counts: Counts,
    took: Duration,
}

/// How often things happened to sessions.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    logins: u64,
    rotations: u64,
    logouts: u64,
    /// Logins during a session that got no answer, or an error.
    uncertain_rotations: u64,
    /// Of these, those after which the client's id was dead: the new one had been on its way.
    orphans: u64,
}

/// What all visitors share.
struct Run {
    cluster: Cluster,
    visitors: usize,
    events: u64,
    sent: AtomicU64,
    next_life: AtomicU64,
    /// Nothing dies any more, and all has to come to its end.
    over: AtomicBool,
    book: Mutex<Book>,
}

/// What is known of all lives that have ended.
#[derive(Default)]
struct Book {
    tally: Tally,
    reasons: Reasons,
    counts: Counts,
    /// Cookies that must not work any more.
    dead: Vec<String>,
    /// Sessions of which there must be no record any more.
    destroyed: HashSet<u32>,
    /// Sessions whose count is to be found without their id.
    orphans: Vec<Left>,
}

/// Runs it.
pub async fn run(options: Options) -> Result<Report> {
    let begun = Instant::now();
    let run = Arc::new(Run {
        cluster: Cluster::start(&options.guide, options.store).await?,
        visitors: options.visitors,
        events: options.events,
        sent: AtomicU64::new(0),
        next_life: AtomicU64::new(1),
        over: AtomicBool::new(false),
        book: Mutex::default(),
    });
    let mut random = Rng::with_seed(options.seed);
    let deaths = tokio::spawn(chaos::run(Arc::clone(&run), options.every, random.fork()));
    let progress = tokio::spawn(progress(Arc::clone(&run)));

    let mut visitors = JoinSet::new();
    for _ in 0..options.visitors {
        visitors.spawn(visitor::run(Arc::clone(&run), random.fork()));
    }
    // Those who leave without a word come back when all is over.
    let mut left = Vec::new();
    while let Some(visitor) = visitors.join_next().await {
        left.extend(visitor??);
    }
    run.over.store(true, SeqCst);
    let deaths = deaths.await??;
    for life in left {
        life.settle(&run).await?;
    }
    run.check_the_dead().await?;
    run.check_the_store().await?;
    progress.abort();

    let mut book = run.book();
    Ok(Report {
        store: options.store,
        seed: options.seed,
        events: options.events,
        every: options.every,
        tally: book.tally,
        reasons: std::mem::take(&mut book.reasons),
        lives: run.next_life.load(SeqCst) - 1,
        deaths,
        counts: book.counts,
        took: begun.elapsed(),
    })
}

impl Run {
    fn book(&self) -> std::sync::MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One event more, if there is one left.
    fn take(&self) -> bool {
        self.sent.fetch_update(SeqCst, SeqCst, |sent| (sent < self.events).then_some(sent + 1)).is_ok()
    }

    fn sent(&self) -> u64 {
        self.sent.load(SeqCst)
    }

    /// On no node does an id work that has ended.
    async fn check_the_dead(&self) -> Result<()> {
        let dead = self.book().dead.clone();
        for address in self.cluster.addresses() {
            let mut http = Http::new(address);
            for cookie in &dead {
                if guide::count(&mut http, cookie).await?.is_some() {
                    self.book().tally.resurrected += 1;
                }
            }
        }
        Ok(())
    }

    /// No record is left of what was destroyed, and the counts of the orphans are there.
    async fn check_the_store(&self) -> Result<()> {
        let counts = self.cluster.counts().await?;
        let mut book = self.book();
        for count in &counts {
            if book.destroyed.contains(&life::number_of(*count)) {
                book.tally.resurrected += 1;
            }
        }
        for orphan in std::mem::take(&mut book.orphans) {
            let last = counts.iter().filter(|count| life::number_of(**count) == orphan.number).max();
            book.close(orphan.counting, Some(last.copied().map_or(0, u64::from)));
        }
        Ok(())
    }
}

impl Book {
    fn close(&mut self, counting: Counting, last: Option<u64>) {
        let (tally, reasons) = counting.close(last);
        self.tally += tally;
        for (reason, times) in reasons {
            *self.reasons.entry(reason).or_default() += times;
        }
    }
}

/// Says now and then how far it is.
async fn progress(run: Arc<Run>) {
    loop {
        sleep(Duration::from_secs(10)).await;
        let bad = run.book().tally;
        let trouble = if bad.is_clean() { String::new() } else { format!("; so far {bad}") };
        eprintln!("soak: {} of {} events{trouble}", run.sent(), run.events);
    }
}

impl Report {
    /// Whether every promise was kept.
    pub fn is_clean(&self) -> bool {
        self.tally.is_clean()
    }

    /// The figures.
    pub fn tally(&self) -> Tally {
        self.tally
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { store, seed, events, every, tally, reasons, lives, deaths, counts, took } = self;
        let Counts { logins, rotations, logouts, uncertain_rotations, orphans } = counts;
        let rate = u128::from(tally.sent) * 1_000 / took.as_millis().max(1);
        let reasons: Vec<_> = reasons.iter().map(|(reason, times)| format!("{reason} {times}")).collect();
        writeln!(f, "{tally}")?;
        writeln!(f, "not acknowledged because: {}", reasons.join(", "))?;
        writeln!(
            f,
            "{lives} sessions: {logins} logins, {rotations} rotations ({uncertain_rotations} without a clear answer, \
             {orphans} of which had taken effect), {logouts} logouts"
        )?;
        writeln!(f, "{deaths}")?;
        writeln!(f, "{:.0} s, {rate} events a second", took.as_secs_f64())?;
        write!(f, "seed {seed}: repeat it with ")?;
        write!(f, "`cargo xtask soak --store {store} --events {events} --every {every} --seed {seed}`")
    }
}
