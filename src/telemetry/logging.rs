//! Log lines on standard error: for a person, or one flat JSON object each.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{IsTerminal, stderr};
use std::panic::PanicHookInfo;
use std::sync::OnceLock;

use tracing_subscriber::filter::{LevelFilter, ParseError};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{EnvFilter, fmt};

use super::log_buffer::LogBuffer;
use crate::config::LogFormat;

/// The buffer of this process, if there is one.
static BUFFER: OnceLock<LogBuffer> = OnceLock::new();

/// Dependencies that say much of little use below `warn`, each quiet unless the filter names it.
const DEPENDENCY_LOG_LEVELS: [(&str, &str); 6] = [
    ("h2", "h2=warn"),
    ("hyper", "hyper=warn"),
    ("hyper_util", "hyper_util=warn"),
    ("rustls", "rustls=warn"),
    ("sqlx", "sqlx=warn"),
    ("tower", "tower=warn"),
];

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    /// The filter cannot be read; a checked configuration does not hold such a one.
    #[error("log filter: {0}")]
    Filter(#[from] ParseError),
    /// Somebody else has set a logger up.
    #[error(transparent)]
    Installed(#[from] TryInitError),
}

/// Sends log lines to standard error from now on, those of panics included; once a process.
///
/// # Errors
///
/// [`LoggingError`], in which case nothing was changed.
pub fn init(format: LogFormat, filter: &str) -> Result<(), LoggingError> {
    install(format, filter, stderr)
}

/// Like [`init`], with lines gathered for up to 50 ms, for a process that logs much. Call [`end_buffering`] before it
/// ends.
///
/// # Errors
///
/// [`LoggingError`], in which case nothing was changed.
pub fn init_buffered(format: LogFormat, filter: &str) -> Result<(), LoggingError> {
    install(format, filter, BUFFER.get_or_init(|| LogBuffer::start(stderr())).clone())
}

/// Writes the lines that wait; those that come later are written at once.
pub fn end_buffering() {
    if let Some(buffer) = BUFFER.get() {
        buffer.end();
    }
}

fn install<W>(format: LogFormat, filter: &str, writer: W) -> Result<(), LoggingError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = quieted(filter)?;
    match format {
        LogFormat::Json => json(filter, writer).try_init()?,
        LogFormat::Text => text(filter, writer, stderr().is_terminal()).try_init()?,
    }
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

fn json<W>(filter: EnvFilter, writer: W) -> impl SubscriberInitExt
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_env_filter(filter)
        .with_writer(writer)
        .finish()
}

fn text<W>(filter: EnvFilter, writer: W, ansi: bool) -> impl SubscriberInitExt
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    fmt().compact().with_ansi(ansi).with_env_filter(filter).with_writer(writer).finish()
}

/// The filter with [`DEPENDENCY_LOG_LEVELS`] dependencies, and statements of sqlx, left out unless it names them.
fn quieted(text: &str) -> Result<EnvFilter, ParseError> {
    let filter = EnvFilter::builder().parse(text)?;
    let names = |name: &str| text.split([',', '=', '[', ':']).any(|part| part.trim() == name);
    // Where only warnings and errors are wanted, `warn` would be more than was asked for.
    let talkative = filter.max_level_hint().is_none_or(|level| level > LevelFilter::WARN);
    let mut filter = filter;
    for (name, directive) in DEPENDENCY_LOG_LEVELS {
        if talkative && !names(name) {
            filter = filter.add_directive(directive.parse()?);
        }
    }
    if !names("sqlx") {
        filter = filter.add_directive("sqlx::query=off".parse()?);
    }
    Ok(filter)
}

/// Logs a panic as one line like any other, where the default hook would write several of its own.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let payload = panic.payload_as_str().unwrap_or("no message");
    let location = panic.location().map(ToString::to_string).unwrap_or_default();
    let thread = std::thread::current().name().unwrap_or("unnamed").to_owned();
    let backtrace = Backtrace::capture();
    let backtrace =
        (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
    tracing::error!(panic = payload, location, thread, backtrace, "panicked");
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use rstest::rstest;
    use serde_json::Value;
    use tracing::{Level, debug, error, info, warn};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("a lock").write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn written(
        dispatch: impl FnOnce(Lines) -> tracing::Dispatch,
        log: impl FnOnce(),
    ) -> Vec<String> {
        let lines = Lines::default();
        tracing::dispatcher::with_default(&dispatch(lines.clone()), log);
        let bytes = lines.0.lock().expect("a lock").clone();
        String::from_utf8(bytes).expect("UTF-8").lines().map(ToOwned::to_owned).collect()
    }

    fn json_lines(filter: &str, log: impl FnOnce()) -> Vec<String> {
        let filter = quieted(filter).expect("a filter");
        written(|lines| json(filter, move || lines.clone()).into(), log)
    }

    #[test]
    fn a_json_line_is_one_flat_object() {
        let lines = json_lines("info", || {
            let _span = tracing::info_span!("span", inner = 1).entered();
            info!(count = 2, id = "x\ny", "started");
            debug!("not this");
        });
        assert_eq!(lines.len(), 1);
        let line: Value = serde_json::from_str(&lines[0]).expect("JSON");
        let object = line.as_object().expect("an object");
        let mut keys: Vec<_> = object.keys().collect();
        keys.sort();
        assert_eq!(keys, ["count", "id", "level", "message", "target", "timestamp"]);
        assert_eq!(object["count"], 2);
        assert_eq!(object["level"], "INFO");
        assert_eq!(object["message"], "started");
        let timestamp = object["timestamp"].as_str().expect("a text");
        let format = &time::format_description::well_known::Rfc3339;
        assert!(timestamp.ends_with('Z'), "{timestamp}");
        assert!(time::OffsetDateTime::parse(timestamp, format).is_ok(), "{timestamp}");
    }

    #[test]
    fn a_text_line_has_colour_only_when_told() {
        for ansi in [true, false] {
            let filter = quieted("info").expect("a filter");
            let lines = written(
                |lines| text(filter, move || lines.clone(), ansi).into(),
                || info!(count = 2, "started"),
            );
            assert_eq!(lines[0].contains('\u{1b}'), ansi, "{}", lines[0]);
            assert!(lines[0].contains("started"), "{}", lines[0]);
        }
    }

    #[rstest]
    #[case("debug", Level::DEBUG, "sqlx::query", false)]
    #[case("debug", Level::WARN, "sqlx::query", false)]
    #[case("debug,sqlx=debug", Level::DEBUG, "sqlx::query", true)]
    #[case("sqlx::query=debug", Level::DEBUG, "sqlx::query", true)]
    #[case("debug", Level::INFO, "sqlx::postgres::notice", false)]
    #[case("debug", Level::DEBUG, "hyper::proto", false)]
    #[case("debug,hyper=debug", Level::DEBUG, "hyper::proto", true)]
    #[case("debug", Level::DEBUG, "taskmanager", true)]
    #[case("info", Level::WARN, "rustls", true)]
    #[case("error", Level::WARN, "rustls", false)]
    #[case("error", Level::ERROR, "rustls", true)]
    #[case("off", Level::ERROR, "rustls", false)]
    #[case("taskmanager=debug", Level::DEBUG, "taskmanager::store", true)]
    fn dependencies_are_quiet_unless_named(
        #[case] filter: &str,
        #[case] level: Level,
        #[case] target: &str,
        #[case] written: bool,
    ) {
        macro_rules! log {
            ($($target:literal)*) => {
                match target {
                    $($target => match level {
                        Level::DEBUG => debug!(target: $target, "x"),
                        Level::INFO => info!(target: $target, "x"),
                        Level::WARN => warn!(target: $target, "x"),
                        _ => error!(target: $target, "x"),
                    },)*
                    other => panic!("{other} is not listed"),
                }
            };
        }
        let lines = json_lines(filter, || {
            log!("sqlx::query" "sqlx::postgres::notice" "hyper::proto" "rustls" "taskmanager" "taskmanager::store");
        });
        assert_eq!(!lines.is_empty(), written, "{lines:?}");
    }
}
