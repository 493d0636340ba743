//! Figures as people read them, in few columns.

/// How many a second: `0`, `7.3`, `120`, `12.3k`, `4.1M`.
pub(super) fn count(number: f64) -> String {
    match number {
        0.0 => "0".to_owned(),
        ..10.0 => format!("{number:.1}"),
        ..1_000.0 => format!("{number:.0}"),
        ..1_000_000.0 => format!("{:.1}k", number / 1_000.0),
        _ => format!("{:.1}M", number / 1_000_000.0),
    }
}

/// How many at all: `0`, `7`, `120`, `12.3k`.
pub(super) fn whole(number: u64) -> String {
    if number < 1_000 { number.to_string() } else { count(number as f64) }
}

/// A count that may not be known.
pub(super) fn rate(number: Option<f64>) -> String {
    number.map_or_else(|| "-".to_owned(), count)
}

/// A time in ms: `0`, `16µs`, `1.2ms`, `340ms`, `2.5s`.
pub(super) fn latency(millis: f64) -> String {
    match millis {
        0.0 => "0".to_owned(),
        ..1.0 => format!("{:.0}µs", millis * 1_000.0),
        ..10.0 => format!("{millis:.1}ms"),
        ..1_000.0 => format!("{millis:.0}ms"),
        ..100_000.0 => format!("{:.1}s", millis / 1_000.0),
        _ => elapsed((millis / 1_000.0) as u64),
    }
}

/// A latency that may not be known.
pub(super) fn quantile(millis: Option<f64>) -> String {
    millis.map_or_else(|| "-".to_owned(), latency)
}

/// A time in seconds: `45s`, `12m05s`, `3h12m`, `2d03h`.
pub(super) fn elapsed(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{}h{:02}m", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds / 3_600 % 24),
    }
}

/// An RFC 3339 time beside the present one: the time of day if it is of today, else the day.
pub(super) fn clock<'a>(time: &'a str, now: &str) -> &'a str {
    let of_today = now.get(..10).is_some_and(|today| time.starts_with(today));
    if of_today { time.get(11..19) } else { time.get(..10) }.unwrap_or(time)
}

/// How full something is: `███░░░`. Whatever is in it at all fills one place.
pub(super) fn bar(depth: u64, bound: u64, width: u64) -> String {
    let filled = (depth * width).div_ceil(bound.max(1)).min(width);
    (0..width).map(|place| if place < filled { '█' } else { '░' }).collect()
}

/// A text from the node on one line, without what a terminal would take for commands.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_take_few_columns() {
        assert_eq!(
            [0.0, 0.25, 7.3, 120.4, 12_345.0, 4_100_000.0].map(count),
            ["0", "0.2", "7.3", "120", "12.3k", "4.1M"]
        );
        assert_eq!(
            [0.0, 0.016, 1.25, 340.0, 2_500.0, 7_200_000.0].map(latency),
            ["0", "16µs", "1.2ms", "340ms", "2.5s", "2h00m"]
        );
        assert_eq!([45, 725, 11_520, 183_600].map(elapsed), ["45s", "12m05s", "3h12m", "2d03h"]);
        assert_eq!([0, 7, 12_345].map(whole), ["0", "7", "12.3k"]);
        assert_eq!((rate(None), quantile(None)), ("-".to_owned(), "-".to_owned()));
    }

    #[test]
    fn a_bar_shows_that_something_waits_and_never_overflows() {
        let bars =
            [(0, 100), (1, 100), (50, 100), (100, 100), (300, 100), (1, 0)].map(|(depth, bound)| bar(depth, bound, 4));
        assert_eq!(bars, ["░░░░", "█░░░", "██░░", "████", "████", "████"]);
    }

    #[test]
    fn a_time_of_today_is_told_by_the_clock() {
        let time = "2026-03-23T10:00:00.000Z";
        assert_eq!(clock(time, "2026-03-23T12:00:00.000Z"), "10:00:00");
        assert_eq!(clock(time, "2026-03-24T12:00:00.000Z"), "2026-03-23");
        assert_eq!(clock("?", "?"), "?");
    }

    #[test]
    fn a_text_cannot_command_the_terminal() {
        assert_eq!(plain("a\u{1b}[2Jb\nc"), "a [2Jb c");
    }
}
