//! What a store owes. A backend is done when it passes: `store_suite!(fresh)` makes the tests, where `fresh` is an
//! `async fn() -> Backend` that makes an empty, migrated store.

pub mod commits;
pub mod concurrency;
pub mod conflicts;
pub mod customer;
pub mod figures;
pub mod filters;
pub mod model;
pub mod paging;
pub mod properties;
pub mod texts;

use std::any::Any;
use std::sync::Arc;

use actix_rt::{System, SystemRunner};
use clientele::store::Store;

/// A store under test and what has to live as long as it.
pub struct Backend {
    pub store: Arc<dyn Store>,
    pub _keep: Box<dyn Any>,
}

/// Runs one test on a fresh store.
pub fn run<M: Future<Output = Backend>, T: Future<Output = ()>>(
    fresh: impl FnOnce() -> M,
    test: impl FnOnce(Arc<dyn Store>) -> T,
) {
    System::new().block_on(async {
        let backend = fresh().await;
        test(backend.store).await;
    });
}

/// Runs one property on a fresh store; it enters the system once for each case.
pub fn run_property<M: Future<Output = Backend>>(
    fresh: impl FnOnce() -> M,
    property: impl FnOnce(&SystemRunner, &Arc<dyn Store>),
) {
    let system = System::new();
    let backend = system.block_on(fresh());
    property(&system, &backend.store);
}

/// Makes the tests of the suite for one backend.
macro_rules! store_suite {
    ($fresh:path) => {
        store_suite!(tests $fresh, commits {
            a_document_reads_back_as_it_was_written,
            many_are_read_in_the_order_asked_for,
            a_replaced_document_is_found_by_its_new_values_only,
            an_erased_document_is_nowhere,
            a_commit_sees_its_own_writes,
            a_commit_of_nothing_succeeds,
            migrating_again_changes_nothing,
            texts_of_a_list_are_found_as_long_as_they_are_there,
        });
        store_suite!(tests $fresh, conflicts {
            an_id_is_given_once,
            a_unique_value_is_given_once,
            a_deleted_document_frees_its_unique_value,
            absent_values_do_not_clash,
            values_that_differ_in_case_differ,
            a_document_may_keep_its_own_value,
            another_version_is_a_conflict,
            an_absent_document_is_a_conflict,
            erasing_whatever_is_there_never_conflicts,
            nothing_of_a_conflicting_commit_is_there,
        });
        store_suite!(tests $fresh, filters {
            each_filter_finds_what_it_says,
            filters_hold_together,
            a_rare_value_is_found_in_any_order,
        });
        store_suite!(tests $fresh, paging {
            pages_show_everything_once_in_both_directions,
            pages_hold_still_while_documents_come_and_go,
            pages_of_a_filtered_list_show_everything_once,
        });
        store_suite!(tests $fresh, figures {
            documents_are_counted,
            values_are_counted_largest_first,
            texts_of_lists_are_counted,
            buckets_include_their_start_and_not_their_end,
        });
        store_suite!(tests $fresh, concurrency {
            one_of_many_wins_each_version,
            commits_at_the_same_time_all_arrive,
            a_conflict_fails_no_other_commit,
        });
        store_suite!(properties $fresh, properties {
            the_store_does_as_the_model_does,
        });
        store_suite!(properties $fresh, texts {
            any_text_reads_back_and_is_found,
        });
    };
    (tests $fresh:path, $module:ident { $($test:ident),+ $(,)? }) => {$(
        #[test]
        fn $test() {
            super::store::run($fresh, super::store::$module::$test);
        }
    )+};
    (properties $fresh:path, $module:ident { $($test:ident),+ $(,)? }) => {$(
        #[test]
        fn $test() {
            super::store::run_property($fresh, super::store::$module::$test);
        }
    )+};
}
pub(crate) use store_suite;
