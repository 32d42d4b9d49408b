//! The names, texts and numbers in an SQL expression; what stands between them does not matter to its readers.

/// A part of an expression.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Word {
    /// A name or a keyword, without quotes.
    Name(String),
    /// A text, without quotes.
    Text(String),
    /// A number without a sign, as written.
    Number(String),
}

/// The words of an expression, in order.
pub fn words(expression: &str) -> Vec<Word> {
    let mut found = Vec::new();
    let mut rest = expression;
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '\'' | '"' => {
                let (text, length) = quoted(rest, c);
                found.push(if c == '"' { Word::Name(text) } else { Word::Text(text) });
                length
            }
            c if c.is_ascii_digit() => {
                let length = prefix(rest, |c| c.is_ascii_digit() || c == '.');
                found.push(Word::Number(rest[..length].to_owned()));
                length
            }
            c if is_name(c) => {
                let length = prefix(rest, |c| is_name(c) || c.is_ascii_digit());
                found.push(Word::Name(rest[..length].to_owned()));
                length
            }
            // A cast says nothing about values: `'done'::text`.
            ':' if rest.starts_with("::") => {
                2 + prefix(&rest[2..], |c| is_name(c) || c.is_ascii_digit() || "[]\"".contains(c))
            }
            c => c.len_utf8(),
        };
        rest = &rest[length..];
    }
    found
}

fn is_name(c: char) -> bool {
    c == '_' || c.is_alphabetic()
}

fn prefix(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

/// What is between quotes at the beginning, and how much of the text that took.
fn quoted(text: &str, quote: char) -> (String, usize) {
    let mut inside = String::new();
    let mut rest = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = rest.next() {
        if c != quote {
            inside.push(c);
        } else if rest.peek().is_some_and(|(_, next)| *next == quote) {
            inside.push(c);
            rest.next();
        } else {
            return (inside, at + 1);
        }
    }
    (inside, text.len())
}

#[cfg(test)]
mod tests {
    use super::{Word, words};

    #[test]
    fn takes_an_expression_apart() {
        let found = words("(\"a b\" = ANY (ARRAY['it''s'::text, 'é'::text])) AND n1 >= 1.5");
        let name = |text: &str| Word::Name(text.into());
        let text = |text: &str| Word::Text(text.into());
        let expected = [
            name("a b"),
            name("ANY"),
            name("ARRAY"),
            text("it's"),
            text("é"),
            name("AND"),
            name("n1"),
            Word::Number("1.5".into()),
        ];
        assert_eq!(found, expected);
        assert_eq!(words("'open"), [text("open")]);
    }
}
