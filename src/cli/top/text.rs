//! The tree for a pipe: one table of plain text, or JSON.

use serde::Serialize;

use crate::model::time::Time;

use super::figures::{elapsed, latency, plain, quantile, rate};
use super::node::Snapshot;
use super::rows::Row;

const HEADINGS: [&str; 11] =
    ["ACTOR", "STATE", "RATE/S", "ERR/S", "P50", "P99", "WAITING", "OLDEST", "BUSY", "RESTARTS", "LAST FAILURE"];

/// The columns that hold words rather than figures.
const WORDS: [usize; 3] = [0, 1, 10];

/// The node and its rows as a table, without a line end.
pub(super) fn table(url: &str, snapshot: &Snapshot, rows: &[Row]) -> String {
    let health = &snapshot.health;
    let ready = if snapshot.unready.is_empty() {
        "ready".to_owned()
    } else {
        format!("not ready: {}", plain(&snapshot.unready.join(", ")))
    };
    let head = format!(
        "clientele {} at {url} ({}): {ready}, up {}, {} MB\n",
        plain(&health.version),
        plain(&health.environment),
        elapsed(health.uptime),
        health.memory_usage.rss
    );
    let mut cells = vec![HEADINGS.map(str::to_owned)];
    cells.extend(rows.iter().map(|row| line(row, &health.timestamp)));
    let width = |column: usize| cells.iter().map(|line| line[column].chars().count()).max().unwrap_or_default();
    let widths: [usize; HEADINGS.len()] = std::array::from_fn(width);
    let lines = cells.iter().map(|line| {
        let padded = line.iter().enumerate().map(|(column, cell)| match (WORDS.contains(&column), widths[column]) {
            (true, width) => format!("{cell:<width$}"),
            (false, width) => format!("{cell:>width$}"),
        });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    });
    std::iter::once(head).chain(lines).collect::<Vec<_>>().join("\n")
}

fn line(row: &Row, now: &str) -> [String; HEADINGS.len()] {
    let threads = row.threads.map_or_else(String::new, |threads| format!(" {}/{}", threads.live, threads.expected));
    [
        plain(&row.name),
        format!("{}{threads}", plain(&row.state)),
        rate(row.rate_per_second),
        rate(row.errors_per_second),
        quantile(row.p50_ms),
        quantile(row.p99_ms),
        format!("{}/{}", row.mailbox.depth, row.mailbox.bound),
        latency(row.mailbox.oldest_ms),
        row.in_flight.to_string(),
        row.restarts.to_string(),
        row.last_failure.as_ref().map_or_else(String::new, |failure| failure.told(now)),
    ]
}

/// The node and its rows as one line of JSON.
pub(super) fn json(url: &str, snapshot: &Snapshot, rows: &[Row], now: Time) -> String {
    #[derive(Serialize)]
    struct Document<'a> {
        time: String,
        node: Node<'a>,
        actors: &'a [Row],
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Node<'a> {
        url: &'a str,
        version: &'a str,
        environment: &'a str,
        uptime_seconds: u64,
        rss_megabytes: u64,
        ready: bool,
        unready: &'a [String],
    }
    let health = &snapshot.health;
    let node = Node {
        url,
        version: &health.version,
        environment: &health.environment,
        uptime_seconds: health.uptime,
        rss_megabytes: health.memory_usage.rss,
        ready: snapshot.unready.is_empty(),
        unready: &snapshot.unready,
    };
    serde_json::to_string(&Document { time: now.to_string(), node, actors: rows })
        .expect("texts, numbers and lists can be written")
}

#[cfg(test)]
mod tests {
    use super::super::rows::{Sort, rows, sort};
    use super::super::sample;
    use super::*;

    const TABLE: &str = "\
clientele 0.1.0 at http://localhost:4000 (production): not ready: customers/1, passwords, up 3h12m, 34 MB

ACTOR      STATE         RATE/S  ERR/S   P50    P99    WAITING  OLDEST  BUSY  RESTARTS  LAST FAILURE
customers  failed          1.2k    2.0  16µs  2.4ms  1024/4096    1.2s     3         5  09:59:07 src/actors/customers/actor.rs:88: index out of bounds
passwords  degraded 1/2       0      0  14ms  340ms      16/16   310ms     1         1
auth       running            0      0     -      -     0/2048       0     0         0";

    #[test]
    fn the_table_is_plain_text() {
        let (before, now) = (sample::snapshot(0, 11_518), sample::snapshot(2, 11_520));
        let mut rows = rows(&now, Some(&before));
        sort(&mut rows, Sort::State, false);
        let table = table("http://localhost:4000", &now, &rows);
        assert_eq!(table, TABLE, "\n{table}");
    }

    #[test]
    fn the_document_has_the_shape_that_the_help_tells_of() {
        let now = sample::snapshot(0, 11_520);
        let written = json("http://localhost:4000", &now, &rows(&now, None), Time::from_millis(0));
        let written: serde_json::Value = serde_json::from_str(&written).unwrap();
        assert_eq!(written["time"], "1970-01-01T00:00:00.000Z");
        let node = serde_json::json!({
            "url": "http://localhost:4000", "version": "0.1.0", "environment": "production", "uptimeSeconds": 11_520,
            "rssMegabytes": 34, "ready": false, "unready": ["customers/1", "passwords"]
        });
        assert_eq!(written["node"], node);
        let customers = &written["actors"][1];
        assert_eq!((&customers["name"], &customers["restarts"]), (&"customers".into(), &5.into()));
        assert_eq!(customers["messages"][0]["type"], "GetCustomer");
        assert!(customers.get("ratePerSecond").is_none(), "nothing is known of rates: {customers}");
    }
}
