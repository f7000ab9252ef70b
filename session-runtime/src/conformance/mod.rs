//! Every promise that a [`Store`] can break, as a check to run against yours.
//!
//! The contract is the documentation of [`Store`]; this is how to find out whether a store keeps it. Give [`run`] a
//! closure that makes your store, in a test, and [`assert`](Report::assert) what it reports:
//!
//! ```
//! use socket_session::{MemoryStore, conformance};
//!
//! # /*
//! #[tokio::test(flavor = "multi_thread")]
//! # */
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() { my_store_keeps_its_promises().await }
//! async fn my_store_keeps_its_promises() {
//!     let store = MemoryStore::default();
//!     conformance::run(|| async { store.clone() }).await.assert();
//! }
//! ```
//!
//! - The closure is called once; for a store with leases twice, which makes two nodes: **what it makes must share its
//!   records**, as two processes on one server do.
//! - Each check works on sessions of its own, under random keys: other data in the store is neither read nor harmed, so
//!   a server that is in use will do. What a check leaves behind expires.
//! - It takes real time (a paused clock would end every wait on a server at once), some seconds at most.
//! - A check that fails says what it did, what it expected and what it found. [`run_only`] runs that one alone;
//!   [`checks`] lists them all.
//! - What a store may do without is reported as [`absent`](Report::absent), such as messages,
//!   or the index of users.
//! - Deadlines need only be kept to the millisecond.
//!
//! What cannot be checked from outside: that acknowledged means durable, and that a
//! [`StoreError`](crate::store::StoreError) tells the truth about whether something was written. Try these with your
//! server stopped, restarted, and cut off.

mod concurrency;
mod deadlines;
mod endings;
mod erased;
mod fences;
mod leases;
mod line;
mod messages;
mod patches;
mod probe;
mod records;
mod report;
mod takeover;
mod users;
mod values;

use std::{any::type_name, pin::Pin, sync::Arc, time::Duration};

use self::erased::Erased;
use self::probe::{Miss, Outcome, Probe};
pub use self::report::{Checked, Report, Verdict};
use crate::store::Store;

/// How long a check may take: only a store that hangs takes so long.
const PATIENCE: Duration = Duration::from_secs(30);

/// A promise that a store can break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Check {
    /// Its name, for [`run_only`].
    pub name: &'static str,
    /// What is promised.
    pub promise: &'static str,
    /// Asked only of stores with [`LEASES`](Store::LEASES).
    pub leases: bool,
}

type Start = fn(Probe) -> Pin<Box<dyn Future<Output = Outcome> + Send>>;

fn entry(name: &'static str, promise: &'static str, leases: bool, start: Start) -> (Check, Start) {
    (Check { name, promise, leases }, start)
}

/// A check is an async function, named after what it checks.
macro_rules! table {
    ($(
        $leases:literal { $($module:ident :: $name:ident: $promise:literal,)* }
    )*) => {
        vec![$($(
            entry(stringify!($name), $promise, $leases, |probe| Box::pin($module::$name(probe))),
        )*)*]
    };
}

fn table() -> Vec<(Check, Start)> {
    table! {
        false {
            records::create_stores_the_record: "what was created is loaded, all of it",
            records::create_never_replaces: "a key that is taken stays as it is",
            records::create_after_delete_starts_afresh: "nothing of a deleted record is in a new one under its key",
            records::sessions_are_kept_apart: "what is done to one session is done to no other",
            records::exists_answers_in_order: "many keys are answered at once, each in its place",
            deadlines::expired_is_never_loaded: "a session lives while its deadline is later than `now`",
            deadlines::expired_is_never_written: "past its deadline a record is written by nobody",
            deadlines::asking_late_changes_nothing: "who asks by a fast clock ends nothing for the others",
            deadlines::deadline_is_judged_by_the_clock_that_asks: "the store's own clock judges nobody",
            deadlines::deadline_may_be_far_away: "a deadline a century away is kept",
            deadlines::extend_never_moves_back: "`Extend` moves a deadline forward only",
            deadlines::set_moves_the_deadline_anywhere: "`Set` moves a deadline forward and back",
            deadlines::touch_moves_only_the_deadline: "a touch leaves the fields alone",
            deadlines::touch_confirms_and_nothing_else_does: "a touch clears `unconfirmed`; a patch leaves it",
            deadlines::touch_never_creates: "a touch of what does not live says so, and leaves nothing",
            patches::patch_never_creates: "a patch updates: under a key without record it leaves nothing",
            patches::patch_after_delete_is_gone: "what was deleted stays gone, whatever is saved",
            patches::only_changed_keys_are_written: "writers of different keys never undo each other",
            patches::removed_is_removed: "a removed key is gone, one that was not there is no error",
            patches::empty_patch_changes_nothing: "a patch without changes is applied, and changes nothing",
            patches::patch_is_applied_once: "the same transaction again is not applied again",
            patches::last_8_transactions_are_remembered: "a patch is recognized with 7 others after it",
            patches::repeated_patch_moves_no_deadline: "the same transaction again does not move the deadline again",
            patches::latest_transaction_is_known: "a load names the last transaction that has changed the record",
            values::values_are_exact: "each JSON value comes back as it was: null, texts, nested",
            values::numbers_are_exact: "integers of 64 bits and floats come back to the last bit",
            values::keys_are_exact: "any text is a key, also one that looks like bookkeeping",
            values::large_values_are_kept: "a value of 1 MiB is kept",
            values::many_keys_are_kept: "5,000 keys are created, set and removed",
            endings::delete_ends_at_once: "what is deleted is gone for everybody",
            endings::delete_says_whether_it_lived: "of nothing, of the dead, or again: `false`",
            endings::retire_leaves_a_mark_until: "a load says `Rotated` until then, and `Gone` after",
            endings::nothing_but_load_sees_the_mark: "a mark is no record, and its key is taken",
            endings::retire_again_is_applied: "the same retirement again is `Applied`, another is `Gone`",
            endings::retire_of_the_dead_is_gone: "what does not live is not retired, and gets no mark",
            endings::retire_of_the_changed_is_refused: "what was patched after it was seen is not retired",
            concurrency::create_is_exclusive: "of many who create at once, one does",
            concurrency::concurrent_patches_are_all_kept: "20 writers of 20 keys at once: all of it is there",
            concurrency::patches_are_atomic: "no reader sees half a patch",
            concurrency::last_of_concurrent_patches_wins_whole: "of patches of the same keys, one is there, whole",
            concurrency::delete_wins_every_race: "a delete among patches and touches: it stays gone",
            concurrency::concurrent_touch_undoes_no_patch: "a touch at the same time as a patch keeps both",
            concurrency::retire_loses_no_patch: "a patch among retirements is seen before, or is `Gone`",
            messages::announcements_reach_every_node: "what a node announces, every node hears",
            users::joined_is_listed: "a session that has joined a user is listed, whether it has a record or not",
            users::joining_again_changes_nothing: "a session of a user is listed once, since it has joined first",
            users::ages_grow: "how long ago each session of a user has joined, by one clock for all nodes",
            users::leave_takes_out_these_only: "who leaves a user is listed no more, and may join again",
            users::users_are_kept_apart: "what is done to one user's sessions is done to no other's",
            users::concurrent_joins_are_all_kept: "20 sessions that join a user at once: all are listed",
            users::many_sessions_of_a_user_are_listed: "200 sessions of a user are listed, and leave together",
            users::end_of_a_user_is_known: "how long ago a user's sessions were last ended, by one clock for all nodes",
            users::end_is_of_one_user: "the end of one user's sessions is none of another's",
            users::end_takes_nobody_out: "a user's sessions are listed after their end, until they have left",
        }
        true {
            leases::nodes_share_records: "two nodes of one store see the same records",
            leases::acquire_takes_and_loads: "the lease comes with the record as it is",
            leases::acquire_of_the_dead_is_gone: "no lease of what does not live, and none keeps it alive",
            leases::lease_is_exclusive: "of 50 who want the lease at once, one has it",
            leases::acquire_again_changes_nothing: "who holds the lease gets the record again, as it is now",
            leases::confirm_is_the_record_as_it_is: "who holds the lease and knows the record gets it as it is now",
            leases::refusal_names_the_lease: "who is refused learns whose lease it is, and its renewal",
            leases::keep_renews: "each patch that keeps the lease changes its renewal, an empty one too",
            leases::keep_unless_waiting_gives_way: "the store decides with the patch whether anybody waits",
            leases::release_gives_the_lease_back: "what is given back can be had, by a patch or without",
            leases::release_by_others_changes_nothing: "a token gives up its own lease only",
            leases::lease_hinders_no_other: "load, touch, delete and patches without fence need no lease",
            leases::lease_dies_with_its_record: "a new record under the key has no lease, and no line",
            leases::alone_is_true_only_while_alone: "after another's patch the holder is not told that it was alone",
            leases::increments_under_leases_are_exact: "many writers on two nodes count exactly",
            line::line_is_first_come_first_served: "a lease that is given back is offered in the order of the claims",
            line::offer_keeps_others_out: "an offered lease is to be had by that one only, and says so",
            line::repeated_claim_has_one_place: "who asks again keeps its place, and has no second one",
            line::withdrawn_claim_gets_no_offer: "who gives up its place, or an offer, is passed over",
            takeover::watched_lease_is_taken_over: "a claim takes over the lease that it has watched",
            takeover::changed_lease_is_not_taken_over: "a lease that was renewed, or is another's, stays",
            takeover::offer_is_taken_over_only_as_offer: "an offer can be taken over until it is taken up",
            takeover::takeover_is_exclusive: "of many who take over the same lease, one has it",
            takeover::takeover_keeps_the_line: "who waits keeps its place when another takes over",
            takeover::lost_lease_is_fenced: "who has lost the lease writes nothing more, and releases nothing",
            fences::fence_is_equality: "no other token passes, be it lower, higher or nearly the same",
            fences::fenced_patch_leaves_nothing: "what is fenced is not written, and not remembered as applied",
            fences::transaction_is_looked_at_before_the_fence: "a patch sent again is recognized when its lease is gone",
            fences::repeated_patch_keeps_the_lease: "a patch sent again says whether the lease is still held",
            fences::dead_is_gone_not_fenced: "a patch of what does not live is `Gone`, under whatever token",
            fences::retire_is_fenced: "only who holds the lease can retire its record",
            messages::offers_are_told: "the node whose claim is first in line hears of its offer",
        }
    }
}

/// All checks, in the order in which they run.
pub fn checks() -> impl Iterator<Item = Check> {
    table().into_iter().map(|(check, _)| check)
}

/// Runs every check that applies to the store that `make` makes.
pub async fn run<S: Store>(make: impl AsyncFn() -> S) -> Report {
    run_those(make, |_| true).await
}

/// Runs the checks of these names. A name that no check has is reported as failed.
pub async fn run_only<S: Store>(names: &[&str], make: impl AsyncFn() -> S) -> Report {
    let mut report = run_those(make, |check| names.contains(&check.name)).await;
    for name in names.iter().filter(|name| checks().all(|check| check.name != **name)) {
        report.add_unknown(name);
    }
    report
}

async fn run_those<S: Store>(make: impl AsyncFn() -> S, wanted: impl Fn(&Check) -> bool) -> Report {
    let first = Arc::new(Erased::new(make().await));
    let second = if S::LEASES { Arc::new(Erased::new(make().await)) } else { Arc::clone(&first) };
    let mut report = Report::new(type_name::<S>());
    carry_out_all([first, second], &wanted, &mut report).await;
    report
}

async fn carry_out_all(stores: [Arc<Erased>; 2], wanted: &dyn Fn(&Check) -> bool, report: &mut Report) {
    let leases = stores[0].has_leases();
    let probe = Probe::new(stores).await;
    for (check, start) in table() {
        if wanted(&check) && (leases || !check.leases) {
            report.add(check, carry_out(start(probe.fresh())).await);
        }
    }
}

/// In a task of its own, so that a store that panics fails its check and not the others.
async fn carry_out(check: impl Future<Output = Outcome> + Send + 'static) -> Verdict {
    let mut task = tokio::spawn(check);
    match tokio::time::timeout(PATIENCE, &mut task).await {
        Ok(Ok(Ok(()))) => Verdict::Passed,
        Ok(Ok(Err(Miss::Absent(what)))) => Verdict::Absent(what),
        Ok(Ok(Err(Miss::Failed(why)))) => Verdict::Failed(why),
        Ok(Err(panic)) => Verdict::Failed(format!("the store panicked: {panic}")),
        Err(_) => {
            task.abort();
            Verdict::Failed(format!("it did not end within {} s", PATIENCE.as_secs()))
        }
    }
}
