//! The conformance suite bites: `MemoryStore` passes, and each of these broken stores fails the checks that it should,
//! and no others.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

#[path = "conformance/broken.rs"]
mod broken;
#[path = "conformance/deadlines.rs"]
mod deadlines;
#[path = "conformance/leases.rs"]
mod leases;
#[path = "conformance/line.rs"]
mod line;
#[path = "conformance/out_of_order.rs"]
mod out_of_order;
#[path = "conformance/users.rs"]
mod users;
#[path = "conformance/writes.rs"]
mod writes;

use std::collections::BTreeSet;

use socket_session::{MemoryStore, conformance};

use broken::{Broken, Nothing, Sabotage};
use deadlines::*;
use leases::*;
use line::*;
use out_of_order::*;
use users::*;
use writes::*;

#[tokio::test]
async fn memory_store_passes() {
    let store = MemoryStore::default();
    let report = conformance::run(|| async { store.clone() }).await;
    report.assert();
    let without_leases = conformance::checks().filter(|check| !check.leases);
    assert!(report.passed().eq(without_leases.map(|check| check.name)), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_store_with_leases_passes_every_check() {
    let store = Broken::<Nothing>::default();
    let report = conformance::run(|| async { store.clone() }).await;
    report.assert();
    assert!(report.passed().eq(conformance::checks().map(|check| check.name)), "{report}");
}

async fn fails<X: Sabotage>(expected: &[&str]) {
    let store = Broken::<X>::default();
    let report = conformance::run(|| async { store.clone() }).await;
    let (failed, expected): (BTreeSet<_>, BTreeSet<_>) =
        (report.failed().collect(), expected.iter().copied().collect());
    let passes: Vec<_> = expected.difference(&failed).collect();
    let fails: Vec<_> = failed.difference(&expected).collect();
    assert!(failed == expected, "it should not pass: {passes:?}\nit should not fail: {fails:?}\n{report}");
}

/// A test for each broken store, and the list of all checks that any of them fails.
macro_rules! broken_stores {
    ($($test:ident: $store:ty => $($check:ident)+;)*) => {
        $(
            #[tokio::test]
            async fn $test() {
                fails::<$store>(&[$(stringify!($check)),+]).await;
            }
        )*

        const BITTEN: &[&str] = &[$($(stringify!($check)),+),*];
    };
}

broken_stores! {
    drops_nulls: DropsNulls => values_are_exact;
    rounds_numbers: RoundsNumbers => numbers_are_exact;
    keeps_keys_to_itself: KeepsKeysToItself => keys_are_exact;
    cuts_texts: CutsTexts => large_values_are_kept;
    unpacks_too_few: UnpacksTooFew => many_keys_are_kept;
    forgets_unconfirmed: ForgetsUnconfirmed => create_stores_the_record touch_confirms_and_nothing_else_does;
    replaces_on_create: ReplacesOnCreate => create_never_replaces create_is_exclusive;
    checks_then_creates: ChecksThenCreates => create_is_exclusive;
    deletes_softly: DeletesSoftly => create_after_delete_starts_afresh;
    writes_to_the_neighbour: WritesToTheNeighbour => sessions_are_kept_apart;
    resurrects: Resurrects =>
        expired_is_never_written asking_late_changes_nothing patch_never_creates patch_after_delete_is_gone
        nothing_but_load_sees_the_mark delete_wins_every_race dead_is_gone_not_fenced
        retire_loses_no_patch;
    checks_then_saves: ChecksThenSaves => delete_wins_every_race
        retire_loses_no_patch;
    saves_the_whole_record: SavesTheWholeRecord => concurrent_patches_are_all_kept
        retire_loses_no_patch retire_of_the_changed_is_refused;
    replaces_on_patch: ReplacesOnPatch =>
        only_changed_keys_are_written concurrent_patches_are_all_kept acquire_takes_and_loads
        lease_hinders_no_other
        retire_loses_no_patch;
    writes_key_after_key: WritesKeyAfterKey =>
        patch_is_applied_once last_8_transactions_are_remembered patches_are_atomic
        last_of_concurrent_patches_wins_whole
        latest_transaction_is_known retire_loses_no_patch;
    keeps_the_removed: KeepsTheRemoved =>
        removed_is_removed patch_is_applied_once keys_are_exact many_keys_are_kept fenced_patch_leaves_nothing
        latest_transaction_is_known;
    takes_empty_for_gone: TakesEmptyForGone => empty_patch_changes_nothing
        latest_transaction_is_known retire_of_the_changed_is_refused;
    forgets_transactions: ForgetsTransactions =>
        patch_is_applied_once last_8_transactions_are_remembered repeated_patch_moves_no_deadline
        transaction_is_looked_at_before_the_fence repeated_patch_keeps_the_lease
        latest_transaction_is_known;
    remembers_two: RemembersTwo => last_8_transactions_are_remembered
        latest_transaction_is_known retire_of_the_changed_is_refused;
    moves_the_deadline_again: MovesTheDeadlineAgain => repeated_patch_moves_no_deadline
        latest_transaction_is_known;
    loads_the_expired: LoadsTheExpired =>
        expired_is_never_loaded expired_is_never_written asking_late_changes_nothing
        deadline_is_judged_by_the_clock_that_asks set_moves_the_deadline_anywhere touch_never_creates
        retire_of_the_dead_is_gone;
    writes_to_the_expired: WritesToTheExpired =>
        expired_is_never_written asking_late_changes_nothing dead_is_gone_not_fenced;
    purges_for_everybody: PurgesForEverybody =>
        asking_late_changes_nothing deadline_is_judged_by_the_clock_that_asks set_moves_the_deadline_anywhere;
    has_a_clock: HasAClock =>
        expired_is_never_loaded expired_is_never_written asking_late_changes_nothing
        deadline_is_judged_by_the_clock_that_asks set_moves_the_deadline_anywhere touch_never_creates
        retire_leaves_a_mark_until nothing_but_load_sees_the_mark retire_again_is_applied
        retire_of_the_dead_is_gone dead_is_gone_not_fenced;
    expires_by_its_clock: ExpiresByItsClock => deadline_is_judged_by_the_clock_that_asks;
    ends_in_2038: EndsIn2038 => deadline_may_be_far_away;
    touch_creates: TouchCreates =>
        expired_is_never_written asking_late_changes_nothing touch_never_creates delete_wins_every_race;
    touch_saves_the_record: TouchSavesTheRecord => concurrent_touch_undoes_no_patch;
    touch_clears: TouchClears =>
        deadline_is_judged_by_the_clock_that_asks touch_moves_only_the_deadline concurrent_touch_undoes_no_patch
        lease_hinders_no_other;
    patch_confirms: PatchConfirms => touch_confirms_and_nothing_else_does;
    deletes_soon: DeletesSoon =>
        create_after_delete_starts_afresh exists_answers_in_order touch_never_creates patch_after_delete_is_gone
        delete_ends_at_once delete_says_whether_it_lived retire_of_the_dead_is_gone delete_wins_every_race
        acquire_of_the_dead_is_gone release_by_others_changes_nothing lease_hinders_no_other
        lease_dies_with_its_record dead_is_gone_not_fenced confirm_is_the_record_as_it_is;
    deletes_anything: DeletesAnything => delete_says_whether_it_lived nothing_but_load_sees_the_mark;
    delete_needs_the_lease: DeleteNeedsTheLease =>
        release_by_others_changes_nothing lease_hinders_no_other lease_dies_with_its_record
        dead_is_gone_not_fenced confirm_is_the_record_as_it_is;
    retires_without_mark: RetiresWithoutMark =>
        deadline_is_judged_by_the_clock_that_asks retire_leaves_a_mark_until nothing_but_load_sees_the_mark
        retire_again_is_applied retire_is_fenced;
    marks_for_ever: MarksForEver =>
        deadline_is_judged_by_the_clock_that_asks retire_leaves_a_mark_until nothing_but_load_sees_the_mark
        retire_again_is_applied;
    marks_exist: MarksExist => nothing_but_load_sees_the_mark acquire_of_the_dead_is_gone;
    forgets_who_retired: ForgetsWhoRetired => retire_again_is_applied retire_is_fenced;
    retires_again: RetiresAgain => retire_again_is_applied retire_is_fenced;
    retires_the_dead: RetiresTheDead => asking_late_changes_nothing retire_of_the_dead_is_gone;
    retires_without_fence: RetiresWithoutFence => retire_is_fenced;
    retires_unseen: RetiresUnseen => retire_of_the_changed_is_refused retire_loses_no_patch;
    checks_then_retires: ChecksThenRetires => retire_loses_no_patch;
    keeps_the_latest_to_itself: KeepsTheLatestToItself => latest_transaction_is_known
        acquire_takes_and_loads deadline_is_judged_by_the_clock_that_asks retire_is_fenced retire_loses_no_patch retire_of_the_changed_is_refused confirm_is_the_record_as_it_is;
    sorts_the_keys: SortsTheKeys => exists_answers_in_order;
    extends_backwards: ExtendsBackwards => extend_never_moves_back;
    never_moves_back: NeverMovesBack => set_moves_the_deadline_anywhere;
    writes_without_fence: WritesWithoutFence =>
        release_gives_the_lease_back lease_dies_with_its_record lost_lease_is_fenced fence_is_equality
        fenced_patch_leaves_nothing;
    counts_tokens: CountsTokens => fence_is_equality;
    keeps_half_the_token: KeepsHalfTheToken => fence_is_equality;
    looks_at_the_fence_first: LooksAtTheFenceFirst => transaction_is_looked_at_before_the_fence;
    remembers_the_fenced: RemembersTheFenced => fenced_patch_leaves_nothing;
    releases_what_is_repeated: ReleasesWhatIsRepeated => repeated_patch_keeps_the_lease;
    fences_the_dead: FencesTheDead => dead_is_gone_not_fenced;
    checks_then_takes: ChecksThenTakes => lease_is_exclusive increments_under_leases_are_exact;
    checks_then_takes_over: ChecksThenTakesOver => takeover_is_exclusive;
    compares_the_token_only: ComparesTheTokenOnly => changed_lease_is_not_taken_over offer_is_taken_over_only_as_offer;
    never_taken_over: NeverTakenOver =>
        watched_lease_is_taken_over offer_is_taken_over_only_as_offer takeover_is_exclusive
        takeover_keeps_the_line lost_lease_is_fenced transaction_is_looked_at_before_the_fence;
    acquires_the_expired: AcquiresTheExpired => acquire_of_the_dead_is_gone confirm_is_the_record_as_it_is;
    acquires_without_loading: AcquiresWithoutLoading =>
        acquire_takes_and_loads acquire_again_changes_nothing keep_unless_waiting_gives_way
        release_gives_the_lease_back increments_under_leases_are_exact watched_lease_is_taken_over confirm_is_the_record_as_it_is;
    answers_from_memory: AnswersFromMemory => acquire_again_changes_nothing confirm_is_the_record_as_it_is;
    load_renews: LoadRenews => refusal_names_the_lease;
    others_renew: OthersRenew => refusal_names_the_lease;
    forgets_to_renew: ForgetsToRenew => keep_renews changed_lease_is_not_taken_over;
    anybody_releases: AnybodyReleases =>
        keep_renews release_by_others_changes_nothing line_is_first_come_first_served offer_keeps_others_out
        repeated_claim_has_one_place withdrawn_claim_gets_no_offer changed_lease_is_not_taken_over
        offer_is_taken_over_only_as_offer takeover_keeps_the_line lost_lease_is_fenced;
    lease_locks_others_out: LeaseLocksOthersOut =>
        acquire_again_changes_nothing refusal_names_the_lease lease_hinders_no_other alone_is_true_only_while_alone
        retire_is_fenced confirm_is_the_record_as_it_is;
    loses_patches: LosesPatches => acquire_again_changes_nothing lease_hinders_no_other alone_is_true_only_while_alone;
    lease_outlives_the_record: LeaseOutlivesTheRecord => lease_dies_with_its_record;
    keeps_whoever_waits: KeepsWhoeverWaits =>
        keep_unless_waiting_gives_way line_is_first_come_first_served takeover_keeps_the_line offers_are_told;
    never_insists: NeverInsists =>
        acquire_again_changes_nothing keep_unless_waiting_gives_way changed_lease_is_not_taken_over;
    keeps_what_is_released: KeepsWhatIsReleased =>
        release_gives_the_lease_back line_is_first_come_first_served transaction_is_looked_at_before_the_fence;
    confirms_whoever_writes: ConfirmsWhoeverWrites => confirm_is_the_record_as_it_is;
    confirms_whoever_holds: ConfirmsWhoeverHolds => confirm_is_the_record_as_it_is;
    confirms_the_old_deadline: ConfirmsTheOldDeadline => confirm_is_the_record_as_it_is;
    always_alone: AlwaysAlone => alone_is_true_only_while_alone;
    last_come_first_served: LastComeFirstServed =>
        line_is_first_come_first_served offer_keeps_others_out repeated_claim_has_one_place
        withdrawn_claim_gets_no_offer;
    asking_again_costs_the_place: AskingAgainCostsThePlace => repeated_claim_has_one_place;
    nobody_leaves_the_line: NobodyLeavesTheLine =>
        keep_renews withdrawn_claim_gets_no_offer changed_lease_is_not_taken_over fenced_patch_leaves_nothing;
    offers_nothing: OffersNothing =>
        line_is_first_come_first_served offer_keeps_others_out repeated_claim_has_one_place
        withdrawn_claim_gets_no_offer offer_is_taken_over_only_as_offer takeover_keeps_the_line;
    hands_over: HandsOver =>
        line_is_first_come_first_served offer_keeps_others_out repeated_claim_has_one_place
        withdrawn_claim_gets_no_offer offer_is_taken_over_only_as_offer takeover_keeps_the_line;
    takeover_clears_the_line: TakeoverClearsTheLine => takeover_keeps_the_line;
    tells_no_offers: TellsNoOffers => offers_are_told;
    announces_nothing: AnnouncesNothing => announcements_reach_every_node;
    announces_to_itself: AnnouncesToItself => announcements_reach_every_node;
    announces_no_rotation: AnnouncesNoRotation => announcements_reach_every_node;
    knows_no_ends: KnowsNoEnds => end_of_a_user_is_known end_is_of_one_user end_takes_nobody_out;
    lists_nobody: ListsNobody =>
        joined_is_listed joining_again_changes_nothing ages_grow leave_takes_out_these_only users_are_kept_apart
        concurrent_joins_are_all_kept many_sessions_of_a_user_are_listed end_takes_nobody_out;
    wants_records: WantsRecords =>
        joined_is_listed joining_again_changes_nothing ages_grow leave_takes_out_these_only users_are_kept_apart
        concurrent_joins_are_all_kept many_sessions_of_a_user_are_listed end_takes_nobody_out;
    lists_twice: ListsTwice => joining_again_changes_nothing;
    lists_a_page: ListsAPage => many_sessions_of_a_user_are_listed;
    joins_anew: JoinsAnew => joining_again_changes_nothing;
    has_one_user: HasOneUser => users_are_kept_apart;
    leaves_together: LeavesTogether => leave_takes_out_these_only;
    leaves_one_by_one: LeavesOneByOne =>
        leave_takes_out_these_only many_sessions_of_a_user_are_listed;
    writes_the_whole_list: WritesTheWholeList =>
        concurrent_joins_are_all_kept many_sessions_of_a_user_are_listed;
    mistakes_the_unit: MistakesTheUnit => joining_again_changes_nothing ages_grow end_of_a_user_is_known;
    remembers_ages: RemembersAges => ages_grow;
    forgets_ends: ForgetsEnds => end_of_a_user_is_known;
    ends_once: EndsOnce => end_of_a_user_is_known;
    ends_everybody: EndsEverybody => end_is_of_one_user;
    ends_take_out: EndsTakeOut => end_takes_nobody_out;
}

#[tokio::test]
async fn nodes_that_share_nothing_fail_one_check() {
    let report = conformance::run(|| async { Broken::<Nothing>::default() }).await;
    assert_eq!(report.failed().collect::<Vec<_>>(), ["nodes_share_records"], "{report}");
}

/// So that no check is there which nothing fails.
#[test]
fn every_check_is_failed_by_a_broken_store() {
    let bitten = |name| BITTEN.contains(&name) || name == "nodes_share_records";
    let toothless: Vec<_> = conformance::checks().map(|check| check.name).filter(|name| !bitten(name)).collect();
    assert!(toothless.is_empty(), "{toothless:?}");
}

#[tokio::test]
async fn what_a_store_may_do_without_is_absent() {
    let store = Broken::<TellsNothing>::default();
    let report = conformance::run(|| async { store.clone() }).await;
    report.assert();
    let absent: Vec<_> = report.absent().collect();
    assert_eq!(absent, ["announcements_reach_every_node", "offers_are_told"], "{report}");

    let store = Broken::<KnowsNoUsers>::default();
    let report = conformance::run(|| async { store.clone() }).await;
    report.assert();
    let of_users = [
        "joined_is_listed",
        "joining_again_changes_nothing",
        "ages_grow",
        "leave_takes_out_these_only",
        "users_are_kept_apart",
        "concurrent_joins_are_all_kept",
        "many_sessions_of_a_user_are_listed",
        "end_of_a_user_is_known",
        "end_is_of_one_user",
        "end_takes_nobody_out",
    ];
    assert_eq!(report.absent().collect::<Vec<_>>(), of_users, "{report}");

    let store = Broken::<NeverAlone>::default();
    let only = ["alone_is_true_only_while_alone"];
    let report = conformance::run_only(&only, || async { store.clone() }).await;
    report.assert();
    assert_eq!(report.absent().collect::<Vec<_>>(), only, "{report}");
}

#[tokio::test]
async fn one_check_is_run_alone() {
    let store = Broken::<Resurrects>::default();
    let report = conformance::run_only(&["patch_never_creates"], || async { store.clone() }).await;
    assert_eq!(report.checked().len(), 1);
    let text = report.to_string();
    let expected = "FAILED patch_never_creates (a patch updates: under a key without record it leaves nothing)\n       \
                    a patch under a key that was never created: expected Gone, found Applied";
    assert!(text.contains(expected), "{text}");
}

#[tokio::test]
async fn a_check_that_is_not_there_fails() {
    let report = conformance::run_only(&["patch_never_crates"], || async { MemoryStore::default() }).await;
    assert_eq!(report.failed().collect::<Vec<_>>(), ["patch_never_crates"]);
    assert!(!conformance::run_only(&[], || async { MemoryStore::default() }).await.is_ok());
}

/// What a store does while a check runs, and what the report says of it.
async fn reported<X: Sabotage>(expected: &str) {
    let store = Broken::<X>::default();
    let report = conformance::run_only(&["delete_ends_at_once"], || async { store.clone() }).await;
    assert_eq!(report.failed().collect::<Vec<_>>(), ["delete_ends_at_once"]);
    let text = report.to_string();
    assert!(text.contains(expected), "{text}");
}

#[tokio::test]
async fn an_error_fails_the_check_with_its_cause() {
    reported::<IsDown>("`delete` failed: the store is unavailable: connection refused").await;
}

#[tokio::test]
async fn a_panic_fails_the_check_alone() {
    reported::<Panics>("the store panicked").await;
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_fails_the_check() {
    reported::<Hangs>("it did not end within 30 s").await;
}
