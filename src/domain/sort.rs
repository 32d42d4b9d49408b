//! In what order a list stands.

use super::text::quoted;
use super::violation::ValueError;

/// A field that a list can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortField {
    /// When it was made.
    CreatedAt,
    /// When it last changed.
    UpdatedAt,
    /// When it is due; tasks without one last.
    DueDate,
    /// When it became done; tasks that are not done last.
    CompletedAt,
    /// By rank: low, medium, high.
    Priority,
    /// By rank: todo, in progress, done.
    Status,
    /// By the folded title, in code point order.
    Title,
    /// By number.
    Number,
}

impl SortField {
    /// Every field, in the order in which the documentation names them.
    pub const ALL: [Self; 8] = [
        Self::CreatedAt,
        Self::UpdatedAt,
        Self::DueDate,
        Self::CompletedAt,
        Self::Priority,
        Self::Status,
        Self::Title,
        Self::Number,
    ];

    /// The name used in `sort=`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CreatedAt => "created_at",
            Self::UpdatedAt => "updated_at",
            Self::DueDate => "due_date",
            Self::CompletedAt => "completed_at",
            Self::Priority => "priority",
            Self::Status => "status",
            Self::Title => "title",
            Self::Number => "number",
        }
    }
}

/// Which end comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Smallest first.
    Ascending,
    /// Largest first.
    Descending,
}

/// One field and its direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SortKey {
    /// By what.
    pub field: SortField,
    pub direction: Direction,
}

/// One key or more, each breaking the ties of those before it. The id, ascending, breaks the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sort(Vec<SortKey>);

impl Default for Sort {
    fn default() -> Self {
        Self(vec![SortKey { field: SortField::CreatedAt, direction: Direction::Descending }])
    }
}

impl Sort {
    /// What [`Sort::parse`] takes: completes "it must be …".
    #[must_use]
    pub fn allowed() -> String {
        let fields = SortField::ALL.map(SortField::as_str).join(", ");
        format!("a comma list of {fields}, each at most once, with - before it for descending")
    }

    /// Reads a comma list of field names, each with `-` before it for descending.
    ///
    /// # Errors
    ///
    /// `not_allowed` for an unknown field, `duplicate` for a field named twice.
    pub fn parse(text: &str) -> Result<Self, ValueError> {
        let mut keys: Vec<SortKey> = Vec::new();
        for part in text.split(',') {
            let (name, direction) = match part.strip_prefix('-') {
                Some(name) => (name, Direction::Descending),
                None => (part, Direction::Ascending),
            };
            let Some(field) = SortField::ALL.into_iter().find(|field| field.as_str() == name)
            else {
                let detail = format!("sort must be {}; got {}", Self::allowed(), quoted(part));
                return Err(ValueError::new("not_allowed", detail));
            };
            if keys.iter().any(|key| key.field == field) {
                let detail = format!("sort must be {}; got {name} twice", Self::allowed());
                return Err(ValueError::new("duplicate", detail));
            }
            keys.push(SortKey { field, direction });
        }
        Ok(Self(keys))
    }

    /// By one key.
    #[must_use]
    pub fn of(key: SortKey) -> Self {
        Self(vec![key])
    }

    /// The keys, most significant first; never empty.
    #[must_use]
    pub fn keys(&self) -> &[SortKey] {
        &self.0
    }

    /// The spelling that [`Sort::parse`] reads.
    #[must_use]
    pub fn to_text(&self) -> String {
        let names = self.0.iter().map(|key| match key.direction {
            Direction::Ascending => key.field.as_str().to_owned(),
            Direction::Descending => format!("-{}", key.field.as_str()),
        });
        names.collect::<Vec<_>>().join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_what_it_writes() {
        for text in
            ["-created_at", "priority,-due_date,title", "number", "-status,updated_at,completed_at"]
        {
            assert_eq!(Sort::parse(text).expect("a sort").to_text(), text);
        }
        assert_eq!(Sort::default().to_text(), "-created_at");
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        for (text, code) in [
            ("", "not_allowed"),
            ("id", "not_allowed"),
            ("--title", "not_allowed"),
            ("title,", "not_allowed"),
            ("Title", "not_allowed"),
            (" title", "not_allowed"),
            ("title,-title", "duplicate"),
        ] {
            assert_eq!(Sort::parse(text).expect_err(text).code, code, "{text}");
        }
    }
}
