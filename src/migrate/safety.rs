//! What is asked of pending migrations before they are applied, and of the tables after.

use crate::config::Config;

/// Which of the safeguards are on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Safety {
    /// Tables that no migration may drop, empty or leave with fewer rows.
    pub protected_tables: Vec<String>,
}

impl Safety {
    /// None of them: for scratch databases, and for tests of the runner alone.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// What a start asks for.
    #[must_use]
    pub fn from_config(config: &Config) -> Self {
        Self { protected_tables: config.safety.protected_tables.clone() }
    }
}
