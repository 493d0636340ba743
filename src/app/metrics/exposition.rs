//! From OpenMetrics to the text format of Prometheus.

/// The same metrics as Prometheus had them before OpenMetrics: a counter's family is named as its samples are, and there
/// are neither units nor a mark of the end.
pub(super) fn prometheus(open_metrics: &str) -> String {
    let mut written = String::with_capacity(open_metrics.len());
    // The help of a family comes before its type, and is named by it.
    let mut help = "";
    for line in open_metrics.lines() {
        let mut words = line.splitn(4, ' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some("#"), Some("HELP"), Some(_), text) => help = text.unwrap_or_default(),
            (Some("#"), Some("TYPE"), Some(name), Some(kind)) => {
                let suffix = if kind == "counter" { "_total" } else { "" };
                for part in ["# HELP ", name, suffix, " ", help, "\n# TYPE ", name, suffix, " ", kind, "\n"] {
                    written.push_str(part);
                }
            }
            (Some("#"), ..) => {}
            _ => {
                written.push_str(line);
                written.push('\n');
            }
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_is_named_as_its_samples_are() {
        let open_metrics = "# HELP jobs Jobs done so far.\n# TYPE jobs counter\njobs_total{pool=\"a # b\"} 7\n\
                            # HELP age_seconds How old.\n# TYPE age_seconds gauge\n# UNIT age_seconds seconds\nage_seconds 1.5\n# EOF\n";
        let expected = "# HELP jobs_total Jobs done so far.\n# TYPE jobs_total counter\njobs_total{pool=\"a # b\"} 7\n\
                        # HELP age_seconds How old.\n# TYPE age_seconds gauge\nage_seconds 1.5\n";
        assert_eq!(prometheus(open_metrics), expected);
    }
}
