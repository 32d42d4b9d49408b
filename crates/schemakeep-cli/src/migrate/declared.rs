//! The declared schema against what the migrations make, as `verify` and `check` say it.

use std::fmt;

use serde::{Serialize, Serializer};

use schemakeep::Dialect;
use schemakeep::diff::{DECLARED, Difference};

/// What came of one dialect; an error says why nothing was compared.
#[derive(Debug, Serialize)]
pub(super) struct Compared {
    #[serde(rename = "database")]
    pub(super) dialect: Dialect,
    #[serde(flatten, serialize_with = "comparison")]
    pub(super) outcome: Result<Declared, String>,
}

/// A file with a declared schema, and in what the migrations differ from it.
#[derive(Debug, Serialize)]
pub(super) struct Declared {
    file: String,
    #[serde(serialize_with = "views")]
    differences: Vec<Difference>,
    fix: Option<String>,
}

impl Declared {
    pub(super) fn new(file: String, differences: Vec<Difference>) -> Self {
        let fix = (!differences.is_empty()).then(|| {
            format!(
                "`taskmanager migrate diff -m \"…\"` writes the migration that is missing; or make {file} what the migrations make"
            )
        });
        Self { file, differences, fix }
    }
}

fn views<S: Serializer>(differences: &[Difference], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(differences.iter().map(|difference| DECLARED.view(difference)))
}

/// What a comparison found beside `compared: true`, or why there was none beside `compared: false`.
pub(super) fn comparison<T: Serialize, E: Serialize, S: Serializer>(
    outcome: &Result<T, E>,
    to: S,
) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Found<'a, T> {
        compared: bool,
        #[serde(flatten)]
        found: &'a T,
    }
    #[derive(Serialize)]
    struct NotCompared<'a, E> {
        compared: bool,
        why: &'a E,
    }
    match outcome {
        Ok(found) => Found { compared: true, found }.serialize(to),
        Err(why) => NotCompared { compared: false, why }.serialize(to),
    }
}

impl Compared {
    /// Whether nothing is known to differ.
    pub(super) fn is_well(&self) -> bool {
        self.outcome.as_ref().map_or(true, |declared| declared.differences.is_empty())
    }
}

impl fmt::Display for Compared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "declared  {}: ", self.dialect.as_str())?;
        match &self.outcome {
            Err(why) => writeln!(f, "not compared: {why}"),
            Ok(Declared { file, differences, fix: Some(fix) }) => {
                writeln!(f, "{file} is not what the migrations make:")?;
                for difference in differences {
                    f.write_str(&DECLARED.view(difference).text("    "))?;
                }
                writeln!(f, "    fix: {fix}")
            }
            Ok(Declared { file, .. }) => writeln!(f, "{file} is what the migrations make"),
        }
    }
}
