//! Drift: the live database against what its applied migrations make on a scratch database of the same server.
//!
//! The live database is only read. Where the record does not say which migrations made the schema, or this program
//! does not have them, nothing can be compared, and that is said.

use std::time::Duration;

use serde::{Serialize, Serializer};
use tokio::time::timeout;

use super::connection::{Purpose, Session};
use super::diff::{DATABASE, Difference, Fix, Object, compare, fix};
use super::error::InspectError;
use super::observation::Observation;
use super::schema::Schema;
use super::shadow::{Recreated, RehearsalSettings, recreate};
use super::{MigrateError, MigrationSet, SchemaState, StateReport};
use schemakeep_db::Clock;
use schemakeep_db::DatabaseUrl;

/// Longest wait for what the live database holds.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// Which objects are not looked at: a name, in which `*` stands for anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(pub String);

impl Pattern {
    /// Whether an object's name is meant: `tasks.title`, `tmp_*`.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        let mut parts = self.0.split('*');
        let Some(rest) = name.strip_prefix(parts.next().unwrap_or_default()) else { return false };
        let mut parts: Vec<&str> = parts.collect();
        let Some(last) = parts.pop() else { return rest.is_empty() };
        let middle = parts
            .iter()
            .try_fold(rest, |rest, part| rest.find(part).map(|at| &rest[at + part.len()..]));
        middle.is_some_and(|rest| rest.ends_with(last))
    }
}

/// A difference between the database and its migrations, and what ends it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Drifted {
    /// What the migrations make, and what the database has.
    #[serde(flatten, serialize_with = "against_database")]
    pub difference: Difference,
    /// The statements, either way.
    pub fix: Fix,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Drift {
    /// The newest applied migration.
    #[serde(rename = "schema_version")]
    pub head: Option<i64>,
    /// Where the migrations were run once more, in words.
    #[serde(rename = "compared_with")]
    pub place: String,
    #[serde(rename = "drift")]
    pub found: Vec<Drifted>,
    /// What differs and is to be ignored.
    pub ignored: Vec<Object>,
    /// Patterns that nothing matched.
    #[serde(skip)]
    pub unused: Vec<Pattern>,
}

fn against_database<S: Serializer>(difference: &Difference, to: S) -> Result<S::Ok, S::Error> {
    DATABASE.view(difference).serialize(to)
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum DriftError {
    /// The live database cannot be read.
    #[error("{0}")]
    Unread(InspectError),
    /// The record does not say what the schema should be.
    #[error("the record is {}", .0.state.as_str())]
    Untold(Box<StateReport>),
    /// The applied migrations cannot be run once more.
    #[error("{0}")]
    NoPlace(String),
    #[error(transparent)]
    Failed(#[from] MigrateError),
}

/// Compares the live database with what its applied migrations make.
///
/// # Errors
///
/// [`DriftError`]: it cannot be told, and why.
pub async fn drift(
    settings: &RehearsalSettings,
    set: &MigrationSet,
    ignore: &[Pattern],
    clock: &dyn Clock,
) -> Result<Drift, DriftError> {
    let live = timeout(ANSWER_WITHIN, look(&settings.url, set)).await;
    let live = live.unwrap_or(Err(InspectError::TimedOut(ANSWER_WITHIN)));
    let (report, applied, found) = live.map_err(DriftError::Unread)?;
    if !can_be_told(report.state) {
        return Err(DriftError::Untold(Box::new(report)));
    }
    let (expected, place) = match recreate(settings, set, &applied, clock).await? {
        Recreated::Made(schema, place) => (*schema, place),
        Recreated::Not(why) => return Err(DriftError::NoPlace(why)),
    };
    Ok(sorted(&expected, &found, ignore, report.head, place))
}

/// Whether the applied migrations are known, whole, and all of them this program's.
fn can_be_told(state: SchemaState) -> bool {
    matches!(state, SchemaState::Current | SchemaState::Behind | SchemaState::Drifted)
}

fn sorted(
    expected: &Schema,
    found: &Schema,
    ignore: &[Pattern],
    head: Option<i64>,
    place: String,
) -> Drift {
    let is_ignored = |name: &str| ignore.iter().any(|pattern| pattern.matches(name));
    let (ignored, kept): (Vec<_>, Vec<_>) = compare(expected, found)
        .into_iter()
        .partition(|difference| is_ignored(&difference.object.name));
    let unused = ignore.iter().filter(|pattern| {
        !ignored.iter().any(|difference| pattern.matches(&difference.object.name))
    });
    Drift {
        head,
        place,
        unused: unused.cloned().collect(),
        ignored: ignored.into_iter().map(|difference| difference.object).collect(),
        found: kept
            .into_iter()
            .map(|difference| Drifted { fix: fix(expected, found, &difference), difference })
            .collect(),
    }
}

/// The state, the applied versions and the schema of one moment.
async fn look(
    url: &DatabaseUrl,
    set: &MigrationSet,
) -> Result<(StateReport, Vec<i64>, Schema), InspectError> {
    let opened = Session::to_read(url, Purpose::Inspect).await.map_err(InspectError::Database)?;
    let mut session = opened.ok_or(InspectError::Absent)?;
    let looked = Observation::take_with_schema(&mut session, set).await;
    session.close().await;
    let (reading, schema) = looked.map_err(InspectError::Database)?;
    let applied = reading.record.rows.iter().map(|row| row.version).collect();
    Ok((reading.report, applied, schema))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::Pattern;

    #[rstest]
    #[case("tasks.title", "tasks.title", true)]
    #[case("tasks", "tasks.title", false)]
    #[case("title", "tasks.title", false)]
    #[case("tmp_*", "tmp_a.b", true)]
    #[case("tmp_*", "not_tmp_a", false)]
    #[case("*", "anything", true)]
    #[case("*_idx", "tasks.title_idx", true)]
    #[case("*_idx", "tasks.title_idx2", false)]
    #[case("a*b*c", "a-b-b-c", true)]
    #[case("a*b*c", "a-c-b", false)]
    #[case("ab*ba", "aba", false)]
    #[case("été.*", "été.a", true)]
    #[case("", "", true)]
    #[case("", "a", false)]
    #[case("**", "a", true)]
    fn a_star_stands_for_anything(
        #[case] pattern: &str,
        #[case] name: &str,
        #[case] matches: bool,
    ) {
        assert_eq!(Pattern(pattern.to_owned()).matches(name), matches);
    }
}
