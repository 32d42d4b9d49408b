//! Directives: comment lines at the top of a migration file that say how it is to be run and judged.
//!
//! Pure, and shared with `build.rs`, so it uses the standard library only.

/// Whether a program that does not know a migration can still work with its outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compat {
    /// It adds only: the release before it keeps working.
    Additive,
    /// The release before it may fail.
    Breaking,
}

impl Compat {
    /// The word in files and in the log table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Additive => "additive",
            Self::Breaking => "breaking",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Additive, Self::Breaking].into_iter().find(|compat| compat.as_str() == word)
    }
}

/// A lint finding that the author accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiver {
    pub rule: String,
    /// Why it does not apply here.
    pub why: String,
}

/// What the top of one file declares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directives {
    /// `-- no-transaction`: runs outside a transaction.
    pub no_transaction: bool,
    /// `-- rebuild`: rebuilds a table of SQLite.
    pub rebuild: bool,
    /// `-- compat: additive | breaking`; `None` when undeclared.
    pub compat: Option<Compat>,
    /// `-- irreversible: why`, in a down file.
    pub irreversible: Option<String>,
    /// `-- allow: rule why`, in the order of the file.
    pub waivers: Vec<Waiver>,
}

impl Directives {
    /// Reads the comment lines before the first line that is none.
    ///
    /// # Errors
    ///
    /// Names the line and the rule. A misspelt or misplaced directive is an error and never a
    /// remark, because it would be passed over in silence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut directives = Self::default();
        let mut at_top = true;
        for (index, line) in text.lines().enumerate() {
            let at = |rule: &str| format!("line {}: {rule}", index + 1);
            let comment = line.strip_prefix("--").map(str::trim);
            at_top &= comment.is_some();
            let comment = comment.unwrap_or_default();
            if comment.starts_with("no-transaction") && (index > 0 || line != "-- no-transaction") {
                return Err(at("`-- no-transaction` must be the whole of the first line"));
            }
            if at_top {
                directives.take(comment).map_err(|rule| at(&rule))?;
            }
        }
        Ok(directives)
    }

    fn take(&mut self, comment: &str) -> Result<(), String> {
        let (name, value) = comment.split_once(':').unwrap_or((comment, ""));
        let value = value.trim();
        match name {
            "no-transaction" => self.no_transaction = true,
            "rebuild" => self.rebuild = true,
            "compat" => {
                let Some(compat) = Compat::parse(value).filter(|_| self.compat.is_none()) else {
                    return Err("it must be `-- compat: additive` or `-- compat: breaking`, once"
                        .to_owned());
                };
                self.compat = Some(compat);
            }
            "irreversible" if value.is_empty() => {
                return Err("it must be `-- irreversible: why`".to_owned());
            }
            "irreversible" => self.irreversible = Some(value.to_owned()),
            "allow" => match value.split_once(' ') {
                Some((rule, why)) => {
                    self.waivers.push(Waiver { rule: rule.to_owned(), why: why.trim().to_owned() });
                }
                None => return Err("it must be `-- allow: rule why`".to_owned()),
            },
            other => {
                let known = ["no-transaction", "rebuild", "compat", "irreversible", "allow"];
                let first = other.split([' ', '=']).next().unwrap_or_default().to_lowercase();
                // Prose may begin with "allow" or "rebuild"; followed by nothing or a colon it is meant.
                let meant = comment.contains(':') || !other.contains(' ');
                if meant && other.len() == first.len() && known.contains(&first.as_str()) {
                    return Err(format!("write the directive as `-- {first}`, in small letters"));
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Compat, Directives, Waiver};

    #[test]
    fn reads_every_directive_among_prose() {
        let text = "-- no-transaction\n-- compat: breaking\n-- Prose: about rebuild.\n-- allow: big-lock small table\n--\n-- rebuild\nSELECT 1;";
        let expected = Directives {
            no_transaction: true,
            rebuild: true,
            compat: Some(Compat::Breaking),
            irreversible: None,
            waivers: vec![Waiver { rule: "big-lock".into(), why: "small table".into() }],
        };
        assert_eq!(Directives::parse(text), Ok(expected));
    }

    #[test]
    fn leaves_alone_what_is_not_at_the_top() {
        let text = "SELECT 1;\n-- compat: additive\n-- rebuild\n";
        assert_eq!(Directives::parse(text), Ok(Directives::default()));
    }

    #[test]
    fn refuses_what_would_be_passed_over() {
        for text in [
            "\n-- no-transaction\nSELECT 1;",
            "-- no-transaction please\nSELECT 1;",
            "--no-transaction\nSELECT 1;",
            "-- compat: aditive\nSELECT 1;",
            "-- compat\nSELECT 1;",
            "-- Compat: additive\nSELECT 1;",
            "-- compat: additive\n-- compat: breaking\nSELECT 1;",
            "-- irreversible:\nSELECT 1;",
            "-- allow: rule\nSELECT 1;",
        ] {
            assert!(Directives::parse(text).is_err(), "{text:?}");
        }
    }
}
