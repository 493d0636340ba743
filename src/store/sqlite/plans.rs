//! Tests that no query walks through a table or sorts what an index has in order, and that it costs what it returns.

use rusqlite::types::Value as Bind;
use rusqlite::{Connection, StatementStatus, params_from_iter};

use super::access::Access;
use super::compile::{self, Sql};
use super::connection::Database;
use super::writer::Writer;
use super::{Durability, reader};
use crate::model::document::{Collection, Index};
use crate::model::id::ObjectId;
use crate::store::{Filter, NoIndex, Position, Query, Sort, StoreError, Value};

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

    fn compiled(&self, query: &Query) -> Sql {
        let access = self.choose(&query.filters, Some(query.sort.field));
        compile::find(query, &access)
    }

    fn choose(&self, filters: &[Filter], order: Option<&'static str>) -> Access {
        reader::choose(&self.connection, &CUSTOMERS, filters, order).unwrap().unwrap()
    }

    /// Whether a column is read from a cursor over the documents' table, which is one whose key is no list of columns.
    fn reads_documents(&self, sql: &Sql) -> bool {
        let mut statement = self.connection.prepare(&format!("EXPLAIN {}", sql.text)).unwrap();
        let program = statement.query_map(params_from_iter(&sql.binds), |row| {
            Ok((row.get::<_, String>("opcode")?, row.get::<_, i64>("p1")?, row.get::<_, Option<String>>("p4")?))
        });
        let program: Vec<_> = program.unwrap().map(Result::unwrap).collect();
        let over_documents = |cursor: i64| {
            program.iter().any(|(opcode, p1, p4)| {
                opcode == "OpenRead" && *p1 == cursor && !p4.as_ref().is_some_and(|key| key.starts_with("k("))
            })
        };
        program.iter().any(|(opcode, p1, _)| opcode == "Column" && over_documents(*p1))
    }

    /// Steps of SQLite's machine, which measure work without a clock.
    fn steps(&self, text: &str, binds: &[Bind]) -> i32 {
        let mut statement = self.connection.prepare(text).unwrap();
        let mut rows = statement.query(params_from_iter(binds)).unwrap();
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
                let plan = fixture.explain(&fixture.compiled(&query(filters, field, descending, after.clone())));
                assert_ordered_by_index(&plan, index);
                if after.is_some() {
                    assert!(plan.starts_with("SEARCH"), "begins at the start: {plan}");
                }
            }
        }
    }
}

#[test]
fn figures_are_read_from_indexes_alone() {
    let fixture = Fixture::new();
    let count = |filters: &[Filter], order| {
        let sql = compile::count(&CUSTOMERS, filters, &fixture.choose(filters, order));
        assert!(!fixture.reads_documents(&sql), "{}", sql.text);
        fixture.explain(&sql)
    };
    let live = Filter::Live;
    let range = Filter::Range("createdAt", Some(0.into()), Some(9.into()));
    for (filters, order, plan) in [
        (
            vec![live.clone(), Filter::Eq("email", "7@example.com".into())],
            None,
            "SEARCH c USING INDEX customers.email.unique (email=?)",
        ),
        (
            vec![live.clone(), Filter::Eq("country", "AT".into())],
            None,
            "SEARCH c USING INDEX customers.country.live (country=?)",
        ),
        (vec![live.clone(), Filter::Eq("groupIds", "rare".into())], None, "SEARCH m USING PRIMARY KEY (value=?)"),
        (vec![Filter::Deleted], None, "SEARCH c USING INDEX customers.deleted (deletedAt>?)"),
        (
            vec![live.clone(), range.clone()],
            Some("createdAt"),
            "SEARCH c USING INDEX customers.createdAt.live (createdAt>? AND createdAt<?)",
        ),
        (
            vec![live.clone(), Filter::Eq("groupIds", "rare".into()), range],
            Some("createdAt"),
            "SEARCH m USING PRIMARY KEY (value=? AND sort>? AND sort<?)",
        ),
    ] {
        assert_eq!(count(&filters, order), plan, "{filters:?}");
    }
    let filters = [live];
    let access = fixture.choose(&filters, Some("country"));
    let groups = compile::group_by(&CUSTOMERS, &filters, "country", 10, &access);
    let plan = fixture.explain(&groups);
    assert!(!fixture.reads_documents(&groups), "{}", groups.text);
    // Only the groups are sorted, by their counts.
    assert!(plan.contains("INDEX customers.country.live") && !plan.contains("GROUP BY"), "{plan}");
}

#[test]
fn a_late_page_costs_what_the_first_one_costs() {
    let fixture = Fixture::new();
    let range = Filter::Range("createdAt", Some(0.into()), Some(9_000.into()));
    for filters in
        [vec![Filter::Live], vec![Filter::Live, Filter::Eq("groupIds", "all".into())], vec![Filter::Live, range]]
    {
        for descending in [true, false] {
            // Two thousand share each of the two times: pages near the start, in the middle of either, and near the end.
            let steps = [20, 1_000, 2_980, 3_960].map(|n| {
                let place = Value::Number(1_000 * (n as i64 / (DOCUMENTS as i64 / 2)));
                let Sql { text, binds } = fixture.compiled(&query(&filters, "createdAt", descending, Some((place, n))));
                fixture.steps(&text, &binds)
            });
            let (least, most) = (steps.iter().min().unwrap(), steps.iter().max().unwrap());
            assert!(*most < least + 100, "{filters:?}: {steps:?}");
        }
    }
}

#[test]
fn a_rare_value_is_looked_up_and_a_common_one_is_met_on_the_way() {
    let fixture = Fixture::new();
    let by_name = |filter| fixture.explain(&fixture.compiled(&query(&[Filter::Live, filter], "name", false, None)));
    let rare = by_name(Filter::Eq("groupIds", "rare".into()));
    assert!(rare.starts_with("SEARCH m USING PRIMARY KEY (value=?)"), "{rare}");
    let rare = by_name(Filter::Prefix("words", "w123".into()));
    assert!(rare.contains("PRIMARY KEY (value>? AND value<?)"), "{rare}");
    for common in [
        Filter::Eq("groupIds", "all".into()),
        Filter::Prefix("words", "comm".into()),
        Filter::Eq("country", "AT".into()),
    ] {
        assert_ordered_by_index(by_name(common).lines().next().unwrap(), "customers.name.live");
    }
}

#[test]
fn a_query_that_no_index_serves_is_refused() {
    let fixture = Fixture::new();
    for unserved in [query(&[], "name", false, None), query(&[Filter::Eq("email", "a".into())], "name", false, None)] {
        let error = reader::find(&fixture.connection, &unserved).unwrap_err();
        assert!(matches!(&error, StoreError::Query(cause) if cause.is::<NoIndex>()), "{error:?}");
    }
}

#[test]
fn a_write_costs_the_same_however_many_documents_there_are() {
    let fixture = Fixture::new();
    for text in [
        "UPDATE customers SET document = jsonb_set(document, '$.words', jsonb('[\"other\"]')) WHERE id = ?",
        "UPDATE customers SET document = jsonb_set(document, '$.deletedAt', 1) WHERE id = ?",
        "UPDATE customers SET document = jsonb_remove(document, '$.deletedAt') WHERE id = ?",
        "DELETE FROM customers WHERE id = ?",
    ] {
        let steps = fixture.steps(text, &[Bind::Text(id(1_234).to_string())]);
        assert!(steps < 1_000, "{text}: {steps} steps");
    }
}
