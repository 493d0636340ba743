//! Tests of which index each kind of query goes by.

use super::layout::{Layout, Layouts, layouts};
use super::plan::{Way, choose, every};
use crate::model::document::{Collection, Index};
use crate::store::Filter;

static CUSTOMERS: Collection = Collection {
    name: "customers",
    indexes: &[
        Index::Unique("email"),
        Index::Live("createdAt"),
        Index::Live("name"),
        Index::Live("country"),
        Index::All("createdAt"),
        Index::Compound { field: "status", then: "createdAt" },
        Index::Multi { field: "groupIds", then: "createdAt" },
    ],
};

fn customers() -> Layouts {
    layouts(&[&CUSTOMERS])
}

/// The name of the index, `_id_`, `?` where the server is to find out; empty if there is no way.
fn told(way: Option<Way<'_>>) -> &str {
    match way {
        Some(Way::By(index)) => &index.name,
        Some(Way::ByKey) => "_id_",
        Some(Way::ByOneOf) => "?",
        None => "",
    }
}

fn assert_ways(layout: &Layout, cases: &[(Vec<Filter>, Option<&'static str>, &str)]) {
    for (filters, order, expected) in cases {
        assert_eq!(told(choose(layout, filters, *order)), *expected, "{filters:?} by {order:?}");
    }
}

#[test]
fn a_list_goes_by_the_index_that_has_its_order_and_says_all_that_is_asked() {
    let live = || Filter::Live;
    let created = || Filter::Range("createdAt", Some(1.into()), None);
    let cases = [
        (vec![live()], Some("createdAt"), "createdAt.live"),
        (vec![], Some("createdAt"), "createdAt.all"),
        (vec![], Some("id"), "_id_"),
        (vec![Filter::Deleted], Some("deletedAt"), "all.deleted"),
        (vec![live(), created()], Some("createdAt"), "createdAt.live"),
        (vec![live(), Filter::Eq("status", "lead".into())], Some("createdAt"), "status.createdAt.by"),
        (vec![live(), Filter::Eq("status", "lead".into()), created()], Some("createdAt"), "status.createdAt.by"),
        (vec![live(), Filter::Absent("groupIds")], Some("createdAt"), "groupIds.createdAt.each"),
        (vec![live(), Filter::Eq("email", "a".into())], Some("name"), "email.unique"),
        (vec![Filter::Eq("id", "a".into()), live()], Some("name"), "_id_"),
    ];
    assert_ways(&customers()["customers"], &cases);
}

#[test]
fn where_it_depends_on_the_values_the_server_finds_out() {
    let cases = [
        (vec![Filter::Live, Filter::Eq("country", "AT".into())], Some("createdAt"), "?"),
        (vec![Filter::Live, Filter::Eq("groupIds", "a".into())], Some("name"), "?"),
        (
            vec![Filter::Live, Filter::Eq("groupIds", "a".into()), Filter::Eq("groupIds", "b".into())],
            Some("createdAt"),
            "?",
        ),
        // A deleted document's value is in no unique index.
        (vec![Filter::Deleted, Filter::Eq("email", "a".into())], Some("createdAt"), "?"),
    ];
    assert_ways(&customers()["customers"], &cases);
}

#[test]
fn what_no_index_serves_has_no_way() {
    let cases = [
        (vec![], Some("name"), ""),
        (vec![Filter::Eq("email", "a".into())], Some("name"), ""),
        (vec![Filter::Live], Some("unknown"), ""),
    ];
    assert_ways(&customers()["customers"], &cases);
}

#[test]
fn counts_are_read_from_indexes_alone() {
    let layouts = customers();
    let layout = &layouts["customers"];
    for (filters, index) in [
        (vec![], "_id_"),
        (vec![Filter::Live], "all.deleted"),
        (vec![Filter::Deleted], "all.deleted"),
        (vec![Filter::Live, Filter::Eq("country", "AT".into())], "country.live"),
        (vec![Filter::Live, Filter::Eq("groupIds", "a".into())], "groupIds.createdAt.each"),
    ] {
        assert_eq!(told(Some(every(layout, &filters))), index, "{filters:?}");
    }
}
