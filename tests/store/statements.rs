//! Which statements the store sends: what sqlx tells of them, kept apart by the caller's span.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, OnceLock};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Instrument, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{EnvFilter, registry};

const TARGET: &str = "sqlx::query";
const SPAN: &str = "watched";

type Seen = Arc<Mutex<Vec<(u64, String)>>>;

/// Does `work`, and returns what came of it with every statement on tasks that it sent. Other tests may send theirs at the
/// same time: the span goes with a statement, also to the thread that runs SQLite.
pub(crate) async fn during<T>(work: impl Future<Output = T>) -> (T, Vec<String>) {
    static SEEN: OnceLock<Seen> = OnceLock::new();
    let seen = SEEN.get_or_init(|| {
        let seen = Seen::default();
        let filter = EnvFilter::new(format!("off,{TARGET}=debug,store=trace"));
        let subscriber = registry().with(filter).with(Watch(Arc::clone(&seen)));
        tracing::subscriber::set_global_default(subscriber).expect("the only subscriber");
        seen
    });
    let span = tracing::info_span!(target: "store", SPAN);
    let id = span.id().expect("a span that is watched").into_u64();
    let outcome = work.instrument(span).await;
    let seen = seen.lock().expect("no panic while it was held");
    let of_this = seen.iter().filter(|(span, statement)| *span == id && is_of_tasks(statement));
    (outcome, of_this.map(|(_, statement)| statement.clone()).collect())
}

/// Not what a connection is told or asked when it is opened, as one may be at any time.
fn is_of_tasks(statement: &str) -> bool {
    statement.contains(" tasks")
}

struct Watch(Seen);

/// Marks the span, so that events below it are kept.
struct Watched;

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Watch {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if attributes.metadata().name() == SPAN
            && let Some(span) = context.span(id)
        {
            span.extensions_mut().insert(Watched);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if event.metadata().target() != TARGET {
            return;
        }
        let watched = context.event_scope(event).into_iter().flatten();
        let mut watched = watched.filter(|span| span.extensions().get::<Watched>().is_some());
        if let Some(span) = watched.next() {
            let mut statement = Statement::default();
            event.record(&mut statement);
            let mut seen = self.0.lock().expect("no panic while it was held");
            seen.push((span.id().into_u64(), statement.text()));
        }
    }
}

/// The whole text, which stands in its own field when it is longer than four words.
#[derive(Default)]
struct Statement {
    summary: String,
    whole: String,
}

impl Statement {
    fn text(self) -> String {
        let whole = self.whole.trim();
        if whole.is_empty() { self.summary } else { whole.to_owned() }
    }
}

impl Visit for Statement {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "summary" => value.clone_into(&mut self.summary),
            "db.statement" => value.clone_into(&mut self.whole),
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}
