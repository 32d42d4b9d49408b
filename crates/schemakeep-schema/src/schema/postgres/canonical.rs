//! Definitions as texts: one form for those that mean the same, and the columns in them.
//!
//! PostgreSQL writes most expressions down in a form that it writes down again when it has read it. Not all: the
//! second reading of `ARRAY['a'::character varying]::text[]` is written as `ARRAY['a'::character varying::text]`.

/// A piece of a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece<'a> {
    /// A word, in quotes or not, as it stands.
    Word(&'a str),
    /// A literal, blanks or a sign.
    Other(&'a str),
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let (length, word) = match first {
            '\'' => (closing(rest, '\''), false),
            '"' => (closing(rest, '"'), true),
            _ if is_word(first) => {
                let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                (length, !first.is_ascii_digit())
            }
            _ => (first.len_utf8(), false),
        };
        let (piece, after) = rest.split_at(length);
        found.push(if word { Piece::Word(piece) } else { Piece::Other(piece) });
        rest = after;
    }
    found
}

/// The length of what is quoted at the beginning; a doubled quote begins it again.
fn closing(text: &str, quote: char) -> usize {
    text[1..].find(quote).map_or(text.len(), |at| at + 2)
}

/// The name that a word stands for.
fn name(word: &str) -> String {
    match word.strip_prefix('"').and_then(|word| word.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\"\"", "\""),
        None => word.to_owned(),
    }
}

/// Which of the pieces are the column: a word of that name that is no function, type or cast.
fn places(pieces: &[Piece<'_>], column: &str) -> Vec<usize> {
    let sign = |at: Option<usize>| match at.and_then(|at| pieces.get(at)) {
        Some(Piece::Other(sign)) => *sign,
        _ => "",
    };
    let is_it = |&at: &usize| match pieces[at] {
        Piece::Word(word) => {
            name(word) == column && sign(Some(at + 1)) != "(" && sign(at.checked_sub(1)) != ":"
        }
        Piece::Other(_) => false,
    };
    (0..pieces.len()).filter(is_it).collect()
}

/// Whether a definition speaks of a column.
pub fn mentions(definition: &str, column: &str) -> bool {
    !places(&pieces(definition), column).is_empty()
}

/// A definition after a column in it has got another name, in SQL.
pub fn renamed(definition: &str, column: &str, to: &str) -> String {
    let pieces = pieces(definition);
    let places = places(&pieces, column);
    let texts = pieces.iter().enumerate().map(|(at, piece)| match piece {
        _ if places.contains(&at) => to,
        Piece::Word(text) | Piece::Other(text) => text,
    });
    texts.collect()
}

/// A definition in which values are of another type.
pub fn retyped(definition: &str, ty: &str, to: &str) -> String {
    let mut text = String::new();
    let mut cast = false;
    for piece in pieces(definition) {
        match piece {
            Piece::Word(word) if cast && name(word) == ty => text += to,
            Piece::Word(word) | Piece::Other(word) => text += word,
        }
        cast = piece == Piece::Other(":");
    }
    text
}

/// The one form of a definition.
pub(super) fn canonical(definition: &str) -> String {
    let mut text = definition.to_owned();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        if matches!(c, '\'' | '"') {
            at += closing(&text[at..], c);
            continue;
        }
        if let Some((length, spread)) = spread(&text[at..]) {
            text.replace_range(at..at + length, &spread);
        }
        at += c.len_utf8();
    }
    text
}

/// The length of `ARRAY[a, b]::text[]` at the beginning, and the same with the cast on each element.
fn spread(text: &str) -> Option<(usize, String)> {
    let inner = text.strip_prefix("ARRAY[")?;
    let (mut depth, mut elements, mut begin, mut at) = (0, Vec::new(), 0, 0);
    let end = loop {
        let c = inner[at..].chars().next()?;
        match c {
            '\'' | '"' => {
                at += closing(&inner[at..], c);
                continue;
            }
            '(' | '[' => depth += 1,
            ']' if depth == 0 => break at,
            ')' | ']' => depth -= 1,
            ',' if depth == 0 => {
                elements.push(inner[begin..at].trim());
                begin = at + 1;
            }
            _ => {}
        }
        at += c.len_utf8();
    };
    elements.push(inner[begin..end].trim());
    let after = inner[end + 1..].strip_prefix("::")?;
    let ty = &after[..after.find("[]")?];
    if !ty.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | ' ' | '(' | ')' | ',')) {
        return None;
    }
    let spread: Vec<String> = elements.iter().map(|element| format!("{element}::{ty}")).collect();
    let length = "ARRAY[".len() + end + 1 + "::".len() + ty.len() + "[]".len();
    Some((length, format!("ARRAY[{}]", spread.join(", "))))
}

/// The definition of an index without `WITH (…)`, which is about how it is stored.
pub(super) fn without_storage(definition: &str, storage: Option<&str>) -> String {
    if storage.is_none() {
        return definition.to_owned();
    }
    let Some(begin) = definition.find(" WITH (") else { return definition.to_owned() };
    let inside = &definition[begin + " WITH (".len()..];
    let length = inside.find(')').map_or(inside.len(), |at| at + 1);
    format!("{}{}", &definition[..begin], &inside[length..])
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(
        "CHECK (status::text = ANY (ARRAY['a'::character varying, 'b, ]'::character varying]::text[]))",
        "CHECK (status::text = ANY (ARRAY['a'::character varying::text, 'b, ]'::character varying::text]))"
    )]
    #[case("CHECK (n = ANY (ARRAY[1, 2]))", "CHECK (n = ANY (ARRAY[1, 2]))")]
    #[case("'ARRAY[1]::text[]'::text", "'ARRAY[1]::text[]'::text")]
    fn one_form(#[case] definition: &str, #[case] expected: &str) {
        assert_eq!(canonical(definition), expected);
        assert_eq!(canonical(expected), expected);
    }

    #[rstest]
    #[case("CHECK (char_length(title) > 0)", "title", "name", "CHECK (char_length(name) > 0)")]
    #[case("CHECK (length(length) > 0)", "length", "size", "CHECK (length(size) > 0)")]
    #[case("CHECK (title <> 'title')", "title", "name", "CHECK (name <> 'title')")]
    #[case("CHECK (\"Old\" <> date::date)", "Old", "new", "CHECK (new <> date::date)")]
    #[case("CHECK (\"Old\" <> date::date)", "date", "day", "CHECK (\"Old\" <> day::date)")]
    fn a_renamed_column(
        #[case] definition: &str,
        #[case] column: &str,
        #[case] to: &str,
        #[case] expected: &str,
    ) {
        assert!(mentions(definition, column));
        assert_eq!(renamed(definition, column, to), expected);
    }

    #[rstest]
    #[case("USING btree (a) WITH (fillfactor='70') WHERE a > 0", "USING btree (a) WHERE a > 0")]
    #[case("USING btree (a)", "USING btree (a)")]
    fn storage_is_left_out(#[case] definition: &str, #[case] expected: &str) {
        let storage = definition.contains("WITH").then_some("fillfactor=70");
        assert_eq!(without_storage(definition, storage), expected);
    }
}
