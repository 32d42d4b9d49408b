//! A rename as it is typed and shown: `tasks.title=name`, `tasks=todos`.

use std::fmt;

use super::Rename;

impl Rename {
    /// Reads `tasks.title=name` or `tasks=todos`. A name that has a `.`, `=` or `"` in it is put in double quotes,
    /// and a `"` in it doubled.
    ///
    /// # Errors
    ///
    /// Says what is allowed.
    pub fn parse(text: &str) -> Result<Self, String> {
        let read = || {
            let (table, rest) = name(text)?;
            let (column, rest) = match rest.strip_prefix('.') {
                Some(rest) => name(rest).map(|(column, rest)| (Some(column), rest))?,
                None => (None, rest),
            };
            let (to, rest) = name(rest.strip_prefix('=')?)?;
            rest.is_empty().then_some(Self { table, column, to })
        };
        read().ok_or_else(|| {
            format!(
                "{text:?}: write TABLE.COLUMN=NEW or TABLE=NEW, a name with a dot or an equals sign in double quotes"
            )
        })
    }
}

/// The name at the beginning, and what follows it.
fn name(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(['.', '=', '"']).unwrap_or(text.len());
        return (end > 0).then(|| (text[..end].to_owned(), &text[end..]));
    };
    let (mut name, mut rest) = (String::new(), quoted);
    loop {
        let (part, after) = rest.split_once('"')?;
        name.push_str(part);
        match after.strip_prefix('"') {
            Some(after) => {
                name.push('"');
                rest = after;
            }
            None => return (!name.is_empty()).then_some((name, after)),
        }
    }
}

/// As [`Rename::parse`] reads it.
impl fmt::Display for Rename {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |name: &str| {
            if name.contains(['.', '=', '"']) {
                format!("\"{}\"", name.replace('"', "\"\""))
            } else {
                name.to_owned()
            }
        };
        f.write_str(&shown(&self.table))?;
        if let Some(column) = &self.column {
            write!(f, ".{}", shown(column))?;
        }
        write!(f, "={}", shown(&self.to))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::Rename;

    fn rename(table: &str, column: Option<&str>, to: &str) -> Rename {
        Rename { table: table.into(), column: column.map(str::to_owned), to: to.into() }
    }

    #[rstest]
    #[case("tasks.title=name", rename("tasks", Some("title"), "name"))]
    #[case("tasks=todos", rename("tasks", None, "todos"))]
    #[case(r#""my.tasks"."a=b"="say ""hi""""#, rename("my.tasks", Some("a=b"), "say \"hi\""))]
    #[case("Tasks.été=Name", rename("Tasks", Some("été"), "Name"))]
    fn reads(#[case] text: &str, #[case] expected: Rename) {
        assert_eq!(Rename::parse(text), Ok(expected));
    }

    #[rstest]
    #[case("")]
    #[case("tasks")]
    #[case("tasks.title")]
    #[case("tasks.title=")]
    #[case(".title=name")]
    #[case("tasks.=name")]
    #[case("=name")]
    #[case("tasks.title=tasks.name")]
    #[case("public.tasks.title=name")]
    #[case("tasks=a=b")]
    #[case(r#""tasks=todos"#)]
    #[case(r#"""=todos"#)]
    #[case(r#""a"b=c"#)]
    fn refuses_in_words(#[case] text: &str) {
        let refused = Rename::parse(text).expect_err(text);
        assert!(refused.contains("TABLE.COLUMN=NEW or TABLE=NEW"), "{refused}");
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_again(table in ".+", column in proptest::option::of(".+"), to in ".+") {
            let rename = Rename { table, column, to };
            prop_assert_eq!(Rename::parse(&rename.to_string()), Ok(rename));
        }
    }
}
