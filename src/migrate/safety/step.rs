//! What the pipeline says of itself: a line for each step, with its time.

use std::fmt;
use std::time::Duration;

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing stands in the way.
    Passed,
    /// It was not done, and need not be.
    Skipped,
    /// Nothing stands in the way, and something is worth a look.
    Noted,
    /// Something stands in the way, and was passed by force.
    Forced,
    /// Something stands in the way.
    Stopped,
}

impl Verdict {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "ok",
            Self::Skipped => "skipped",
            Self::Noted => "noted",
            Self::Forced => "forced",
            Self::Stopped => "stopped",
        }
    }
}

/// One step of the pipeline around a migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its name: `instances`, `lint`, `preflight`, `rehearsal`, `disk`, `backup`, `compare`.
    pub name: &'static str,
    /// How it ended.
    pub verdict: Verdict,
    /// What came of it, in a few words.
    pub words: String,
    /// What it found, a line each.
    pub details: Vec<String>,
    /// How long it took.
    pub took: Duration,
}

/// One line, and one for each detail, indented.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = self.took.as_secs_f64() * 1_000.0;
        let (name, verdict, words) = (self.name, self.verdict.as_str(), &self.words);
        write!(f, "{name:<10} {verdict:<8} {words} ({milliseconds:.1} ms)")?;
        self.details.iter().try_for_each(|detail| write!(f, "\n  {detail}"))
    }
}
