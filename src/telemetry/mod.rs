//! Logs, spans on their way to a collector, and figures about the process itself.

mod memory;
mod process;
mod spans;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::fd::AsFd;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::Mutex;
use tracing::Subscriber;
use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::{EnvFilter, FilterExt as _, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::Registry;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{Layer, reload};

pub use memory::{Allocator, Memory, allocator, memory};
pub use process::{Process, process};

use spans::Spans;

use crate::config::{LogFormat, LogLevel, Settings};

/// The target of access log lines, one for each answered request: `LOG_LEVEL=info,access=off` silences them.
pub const ACCESS: &str = "access";

/// Lines that may wait for a slow reader of stdout. More are dropped and counted: no request waits for a log.
const WAITING_LINES: usize = 16_384;

/// How much is written to stdout at once, in bytes.
const LINES_AT_ONCE_BYTES: usize = 64 * 1_024;

/// Logging and tracing, for as long as this is kept: dropping it writes out the lines that still wait.
#[derive(Debug)]
pub struct Telemetry {
    logs: Logs,
    spans: Option<Spans>,
    _flush: WorkerGuard,
}

impl Telemetry {
    /// What steers the logs while the program runs.
    pub fn logs(&self) -> Logs {
        self.logs.clone()
    }

    /// What became of the spans.
    pub fn traces(&self) -> Traces {
        Traces(self.spans.clone())
    }

    /// Hands over the spans that wait, and takes no more. What is not handed over within this time is dropped.
    pub fn finish_traces(&self, within: Duration) {
        if let Some(spans) = &self.spans {
            spans.finish(within);
        }
    }
}

/// Why there is no telemetry.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// Something else in this process takes the logs already.
    #[error("something else in this process takes the logs")]
    Taken(#[from] TryInitError),
    /// What would send spans to the collector cannot be made.
    #[error("traces cannot be exported")]
    Traces(#[from] opentelemetry_otlp::ExporterBuildError),
}

/// Sends logs to stdout from now on, as `LOG_LEVEL` and `LOG_FORMAT` say, and spans to a collector, if there is one.
/// Once in a process, and outside of any runtime.
///
/// # Errors
/// See [`TelemetryError`].
pub fn init(settings: &Settings) -> Result<Telemetry, TelemetryError> {
    let (writer, flush) = NonBlockingBuilder::default()
        .lossy(true)
        .buffered_lines_limit(WAITING_LINES)
        .thread_name("log")
        .finish(buffered_stdout());
    let dropped = writer.error_counter();
    let spans = settings.traces.as_ref().map(Spans::to).transpose()?;
    let (subscriber, level) = subscriber(settings, spans.as_ref(), writer);
    subscriber.try_init()?;
    let telemetry = Telemetry { logs: Logs { level: Arc::new(level), dropped: dropped.clone() }, spans, _flush: flush };
    let _ = LOSSES.set((dropped, telemetry.traces()));
    Ok(telemetry)
}

/// What counts the losses of this process: like the subscriber, it is there once.
static LOSSES: OnceLock<(ErrorCounter, Traces)> = OnceLock::new();

/// How many log lines this process has dropped because stdout was read too slowly.
pub fn dropped_lines() -> u64 {
    LOSSES.get().map_or(0, |(lines, _)| lines.dropped_lines() as u64)
}

/// How many spans this process has dropped because the collector was slow or away.
pub fn dropped_spans() -> u64 {
    LOSSES.get().map_or(0, |(_, traces)| traces.dropped())
}

/// Standard output without the flush that `io::stdout` does at the end of each line: the log's thread flushes
/// whenever no more lines wait.
fn buffered_stdout() -> Box<dyn Write + Send> {
    match io::stdout().as_fd().try_clone_to_owned() {
        Ok(stdout) => Box::new(BufWriter::with_capacity(LINES_AT_ONCE_BYTES, File::from(stdout))),
        Err(_) => Box::new(io::stdout()),
    }
}

/// Steers the logs while the program runs. Clones steer the same logs.
#[derive(Clone, Debug)]
pub struct Logs {
    level: Arc<Level>,
    dropped: ErrorCounter,
}

impl Logs {
    /// What is logged now.
    pub fn level(&self) -> LogLevel {
        self.level.now.lock().clone()
    }

    /// Logs by another level from now on.
    ///
    /// # Errors
    /// [`LogsEnded`]: nothing is logged any more.
    pub fn set_level(&self, level: LogLevel) -> Result<(), LogsEnded> {
        self.level.set(level)
    }

    /// How many lines were dropped because stdout was read too slowly.
    pub fn dropped_lines(&self) -> u64 {
        self.dropped.dropped_lines() as u64
    }
}

/// What became of the spans that were to be exported. Clones tell of the same spans.
#[derive(Clone, Debug)]
pub struct Traces(Option<Spans>);

impl Traces {
    /// How many spans the collector has taken; 0 where there is none.
    pub fn exported(&self) -> u64 {
        self.0.as_ref().map_or(0, Spans::exported)
    }

    /// How many spans were dropped because the collector was slow or away.
    pub fn dropped(&self) -> u64 {
        self.0.as_ref().map_or(0, Spans::dropped)
    }
}

/// The level of logs that have ended cannot be changed.
#[derive(Debug, thiserror::Error)]
#[error("the logs have ended")]
pub struct LogsEnded(#[from] reload::Error);

#[derive(Debug)]
struct Level {
    now: Mutex<LogLevel>,
    filter: reload::Handle<EnvFilter, Registry>,
}

impl Level {
    fn set(&self, level: LogLevel) -> Result<(), LogsEnded> {
        // Held while the filter changes, so that what is told is what is.
        let mut now = self.now.lock();
        self.filter.reload(level.filter())?;
        *now = level;
        Ok(())
    }
}

/// Lines are made of events alone, spans of spans alone: neither changes what becomes of the other, and without a
/// collector there are no spans.
fn subscriber<W>(
    settings: &Settings,
    spans: Option<&Spans>,
    writer: W,
) -> (impl Subscriber + Send + Sync + use<W>, Level)
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let (filter, handle) = reload::Layer::new(settings.log_level.filter());
    let lines = tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(false);
    let lines = match settings.log_format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_span_list(false).boxed(),
    };
    let level = Level { now: Mutex::new(settings.log_level.clone()), filter: handle };
    // Not `is_event`: whoever asks by `enabled!` asks for neither.
    let lines = lines.with_filter(filter.and(filter_fn(|metadata| !metadata.is_span())));
    (Registry::default().with(lines).with(spans.map(Spans::layer)), level)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Lines {
        fn take(&self) -> String {
            String::from_utf8(std::mem::take(&mut *self.0.lock())).unwrap()
        }
    }

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logging(environment: &[(&str, &str)], work: impl FnOnce(&Lines, &Level)) {
        let environment = environment.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        let settings = Settings::load(vec![], environment, None).unwrap();
        let lines = Lines::default();
        let writer = lines.clone();
        let spans = settings.traces.as_ref().map(|traces| Spans::to(traces).unwrap());
        let (subscriber, level) = subscriber(&settings, spans.as_ref(), move || writer.clone());
        tracing::subscriber::with_default(subscriber, || work(&lines, &level));
    }

    #[test]
    fn json_lines_are_objects_with_the_fields_at_the_top() {
        logging(&[("LOG_FORMAT", "json")], |lines, _| {
            tracing::info!(target: ACCESS, status = 200, "GET /health");
            let line: serde_json::Value = serde_json::from_str(&lines.take()).unwrap();
            assert_eq!(line["target"], "access");
            assert_eq!(line["status"], 200);
            assert_eq!(line["message"], "GET /health");
            assert_eq!(line["level"], "INFO");
        });
    }

    #[test]
    fn text_lines_are_for_people() {
        logging(&[], |lines, _| {
            tracing::warn!(port = 4000, "listening");
            tracing::debug!("not at this level");
            let text = lines.take();
            assert!(text.contains(" WARN ") && text.contains("listening port=4000"), "{text}");
            assert_eq!(text.lines().count(), 1, "{text}");
        });
    }

    #[test]
    fn lines_know_nothing_of_spans_nor_spans_of_the_level() {
        const COLLECTOR: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9");
        for level in ["error", "trace"] {
            logging(&[COLLECTOR, ("LOG_FORMAT", "json"), ("LOG_LEVEL", level)], |lines, _| {
                let span = tracing::info_span!("work");
                assert!(!span.is_disabled(), "{level}");
                span.in_scope(|| tracing::error!("failed"));
                let text = lines.take();
                let line: serde_json::Value = serde_json::from_str(&text).unwrap();
                assert_eq!((&line["message"], line.get("span")), (&"failed".into(), None));
                assert!(!text.contains("work"), "{text}");
                assert_eq!(tracing::enabled!(target: ACCESS, tracing::Level::INFO), level == "trace");
            });
        }
    }

    #[test]
    fn the_level_changes_while_the_program_runs() {
        logging(&[("LOG_LEVEL", "info,access=off")], |lines, level| {
            tracing::info!(target: ACCESS, "silenced");
            assert_eq!(lines.take(), "");
            level.set("debug".parse().unwrap()).unwrap();
            tracing::info!(target: ACCESS, "heard");
            tracing::debug!("heard too");
            assert_eq!(lines.take().lines().count(), 2);
            assert_eq!(level.now.lock().as_str(), "debug");
        });
    }
}
