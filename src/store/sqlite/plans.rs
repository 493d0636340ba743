//! Tests that no query walks through a table or sorts what an index has in order, and that it costs what it returns.

use rusqlite::{Connection, StatementStatus, params_from_iter};

use super::access::Access;
use super::compile::{self, Sql};
use super::connection::Database;
use super::writer::Writer;
use super::{Durability, reader};
use crate::model::document::{Collection, Index};
use crate::model::id::ObjectId;
use crate::store::{Filter, Position, Query, Sort, Value};

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
        Index::Multi { field: "words", then: "createdAt" },
    ],
};

static COLLECTIONS: &[&Collection] = &[&CUSTOMERS];

/// Documents of which half share each `createdAt`, a third each status, and one in a hundred the group `rare`.
struct Fixture {
    _folder: tempfile::TempDir,
    connection: Connection,
}

const DOCUMENTS: usize = 4_000;

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clientele.db");
        let database = Database::new(&path, Durability::Kill);
        database.create().unwrap();
        Writer::open(database, std::sync::Arc::new(super::queue::CommitQueue::new(1)))
            .unwrap()
            .migrate(COLLECTIONS)
            .unwrap();
        let connection = Connection::open(&path).unwrap();
        let fixture = Self { _folder: folder, connection };
        let insert = "INSERT INTO customers (id, version, document) VALUES (?, 1, jsonb(?))";
        let transaction = fixture.connection.unchecked_transaction().unwrap();
        for n in 0..DOCUMENTS {
            let status = ["active", "inactive", "lead"][n % 3];
            let groups: &[&str] = if n % 100 == 0 { &["all", "rare"] } else { &["all"] };
            let document = serde_json::json!({
                "id": id(n), "email": format!("{n}@example.com"), "name": format!("Name {n}"), "country": (["AT", "DE"][n % 2]),
                "createdAt": 1_000 * (n / (DOCUMENTS / 2)), "status": status, "groupIds": groups, "words": ["common", format!("w{n}")],
            });
            transaction.prepare_cached(insert).unwrap().execute((id(n).to_string(), document.to_string())).unwrap();
        }
        transaction.commit().unwrap();
        fixture
    }

    fn explain(&self, sql: &Sql) -> String {
        let mut statement = self.connection.prepare(&format!("EXPLAIN QUERY PLAN {}", sql.text)).unwrap();
        let lines = statement.query_map(params_from_iter(&sql.binds), |row| row.get::<_, String>(3)).unwrap();
        lines.map(Result::unwrap).collect::<Vec<_>>().join("\n")
    }

    fn find(&self, query: &Query) -> Sql {
        let access = self.choose(&query.filters, Some(query.sort.field));
        compile::find(query, &access)
    }

    fn choose(&self, filters: &[Filter], order: Option<&'static str>) -> Access {
        reader::choose(&self.connection, &CUSTOMERS, filters, order).unwrap()
    }

    /// Steps of SQLite's machine, which measure work without a clock.
    fn steps(&self, sql: &Sql) -> i32 {
        let mut statement = self.connection.prepare(&sql.text).unwrap();
        let mut rows = statement.query(params_from_iter(&sql.binds)).unwrap();
        while rows.next().unwrap().is_some() {}
        drop(rows);
        statement.get_status(StatementStatus::VmStep)
    }
}

fn id(n: usize) -> ObjectId {
    format!("{n:024x}").parse().unwrap()
}

fn query(filters: &[Filter], field: &'static str, descending: bool, after: Option<(Value, usize)>) -> Query {
    Query {
        collection: &CUSTOMERS,
        filters: filters.to_vec(),
        sort: Sort { field, descending },
        after: after.map(|(value, n)| Position { value, id: id(n) }),
        limit: 20,
    }
}

fn assert_ordered_by_index(plan: &str, index: &str) {
    assert!(plan.contains(&format!("INDEX {index}")) || plan.contains("PRIMARY KEY"), "{index}: {plan}");
    assert!(!plan.contains("TEMP B-TREE"), "sorts: {plan}");
    for line in plan.lines() {
        assert!(line.starts_with("SEARCH") || line.contains("USING"), "walks through a table: {plan}");
    }
}

#[test]
fn lists_are_read_in_the_order_of_an_index() {
    let fixture = Fixture::new();
    let live = Filter::Live;
    let shapes: &[(&str, Vec<Filter>, &'static str, Value)] = &[
        ("customers.createdAt.live", vec![live.clone()], "createdAt", 1_000.into()),
        ("customers.name.live", vec![live.clone()], "name", "Name 7".into()),
        ("customers.email.unique", vec![live.clone()], "email", "7@example.com".into()),
        ("customers.createdAt.all", vec![], "createdAt", 1_000.into()),
        (
            "customers.status.by.createdAt",
            vec![live.clone(), Filter::Eq("status", "lead".into())],
            "createdAt",
            1_000.into(),
        ),
        ("m", vec![live.clone(), Filter::Eq("groupIds", "all".into())], "createdAt", 1_000.into()),
        (
            "customers.groupIds.absent.createdAt",
            vec![live.clone(), Filter::Absent("groupIds")],
            "createdAt",
            1_000.into(),
        ),
        (
            "customers.createdAt.live",
            vec![live, Filter::Range("createdAt", Some(0.into()), Some(2_000.into()))],
            "createdAt",
            1_000.into(),
        ),
    ];
    for (index, filters, field, value) in shapes {
        for descending in [true, false] {
            for after in [None, Some((value.clone(), 7))] {
                let plan = fixture.explain(&fixture.find(&query(filters, field, descending, after.clone())));
                println!("{field} {descending} {after:?}\n{plan}\n");
                assert_ordered_by_index(&plan, index);
                if after.is_some() {
                    assert!(plan.starts_with("SEARCH"), "begins at the start: {plan}");
                }
            }
        }
    }
}
