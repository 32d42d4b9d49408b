//! A piece of SQL in two forms: one to be written, one to be compared.
//!
//! The second knows no spacing, no comments, no needless quotes, and no letter case outside of texts. It is made
//! from the tree of the parser; where that tree does not print as what it was read from, the text itself is taken.

use std::cmp::Ordering;
use std::convert::Infallible;

use sqlite3_parser::ast::fmt::{ToTokens, TokenStream};
use sqlite3_parser::ast::{Cmd, Expr, OneSelect, ResultColumn, Stmt};
use sqlite3_parser::dialect::TokenType;
use sqlite3_parser::lexer::Scanner;
use sqlite3_parser::lexer::sql::{Parser, Tokenizer};
use sqlite3_parser::{Bump, FallibleIterator as _};

use super::name::{Name, in_sql};
use crate::structure::{Word, words};

/// A piece of SQL. Two are equal when they mean the same, whatever they look like.
#[derive(Clone, Debug)]
pub struct Sql {
    text: String,
    canonical: String,
}

impl Sql {
    /// Text that is compared as another.
    pub fn new(text: impl Into<String>, canonical: impl Into<String>) -> Self {
        Self { text: text.into(), canonical: canonical.into() }
    }

    /// To be written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// To be compared.
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// Whether the name stands in it.
    pub fn mentions(&self, name: &Name) -> bool {
        words(&self.canonical).iter().any(|word| match word {
            Word::Name(word) => Name::new(word.as_str()) == *name,
            _ => false,
        })
    }
}

impl PartialEq for Sql {
    fn eq(&self, other: &Self) -> bool {
        self.canonical == other.canonical
    }
}

impl Eq for Sql {}

impl PartialOrd for Sql {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Sql {
    fn cmp(&self, other: &Self) -> Ordering {
        self.canonical.cmp(&other.canonical)
    }
}

/// What a name in double quotes is when nothing is called so: SQLite then takes it for a text.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    /// Whether something is called so.
    pub(super) is_name: &'a dyn Fn(&str) -> bool,
    /// Whether everything that could be is asked about.
    pub(super) all: bool,
}

/// An expression, without the parentheses around it. `None`: the parser does not print it as it read it.
pub(super) fn expression(expr: &Expr<'_>, known: Known<'_>) -> Option<Sql> {
    let inner = bare(expr);
    prints_as_read(inner).then(|| printed(inner, known))
}

/// An expression without parentheses around it.
pub(super) fn bare<'a, 'b>(expr: &'a Expr<'b>) -> &'a Expr<'b> {
    match expr {
        Expr::Parenthesized(inner) => match inner.as_slice() {
            [one] => bare(one),
            _ => expr,
        },
        _ => expr,
    }
}

fn prints_as_read(expr: &Expr<'_>) -> bool {
    let (bump, text) = (Bump::new(), format!("SELECT {expr}"));
    let Ok(Some(Cmd::Stmt(Stmt::Select(select)))) = Parser::new(&bump, text.as_bytes()).next()
    else {
        return false;
    };
    match &select.body.select {
        OneSelect::Select { columns, .. } => {
            matches!(columns.first(), Some(ResultColumn::Expr(again, None)) if again == expr)
        }
        OneSelect::Values(_) => false,
    }
}

/// A whole statement: its text as it is, compared by its tree. `shown` is the tree of `text`, or one that differs in
/// nothing that matters.
pub(super) fn statement(text: &str, shown: &Cmd<'_>, known: Known<'_>) -> Sql {
    let (bump, again) = (Bump::new(), shown.to_string());
    match Parser::new(&bump, again.as_bytes()).next() {
        Ok(Some(same)) if same == *shown => Sql::new(text, printed(shown, known).canonical),
        _ => Sql::new(text, collapsed(text)),
    }
}

fn printed(tree: &impl ToTokens, known: Known<'_>) -> Sql {
    let mut writer = Writer { written: Sql::new("", ""), previous: Token::Open, known };
    let Ok(()) = tree.to_tokens(&mut writer);
    writer.written
}

/// The tokens of a text with one blank between them; of what is no SQL, the text.
pub(super) fn collapsed(text: &str) -> String {
    let mut found = Vec::new();
    let mut scanner = Scanner::new(Tokenizer::new());
    loop {
        match scanner.scan(text.as_bytes()) {
            Ok((_, Some((token, _)), _)) => found.push(String::from_utf8_lossy(token).into_owned()),
            Ok((_, None, _)) => return found.join(" "),
            Err(_) => return text.to_owned(),
        }
    }
}

/// A statement up to its last token: a comment after it would swallow the semicolon.
pub(super) fn trimmed(statement: &str) -> &str {
    let mut scanner = Scanner::new(Tokenizer::new());
    let mut last = 0;
    while let Ok((_, Some(_), end)) = scanner.scan(statement.as_bytes()) {
        last = end;
    }
    statement.get(..last).filter(|text| !text.is_empty()).unwrap_or(statement)
}

/// What stands before a token, as far as spacing goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Token {
    /// The beginning, `(` or `.`, or the sign of a number.
    Open,
    /// A name, or a keyword that is called like a function.
    Callable,
    /// After which a `-` is a sign.
    Operator,
    Other,
}

struct Writer<'a> {
    written: Sql,
    previous: Token,
    known: Known<'a>,
}

impl Writer<'_> {
    fn put(&mut self, text: &str, canonical: &str, glued: bool) {
        if !glued && self.previous != Token::Open {
            self.written.text.push(' ');
            self.written.canonical.push(' ');
        }
        self.written.text.push_str(text);
        self.written.canonical.push_str(canonical);
    }

    fn name(&mut self, token: &str) {
        let quoted = token.starts_with(['"', '`', '[', '\'']);
        if !quoted && token.contains(' ') {
            // A type of several words.
            let words = token.split_whitespace().collect::<Vec<_>>().join(" ").to_uppercase();
            return self.put(&words, &words, false);
        }
        let name = Name::unquoted(token);
        if token.starts_with('"') && !(self.known.is_name)(name.as_str()) {
            let text = if self.known.all {
                format!("'{}'", name.as_str().replace('\'', "''"))
            } else {
                token.to_owned()
            };
            return self.put(&text, &text, false);
        }
        let written = if quoted { in_sql(name.as_str()) } else { token.to_owned() };
        self.put(&written, &in_sql(&name.folded()), false);
    }
}

impl TokenStream for Writer<'_> {
    type Error = Infallible;

    fn append(&mut self, ty: TokenType, value: Option<&str>) -> Result<(), Infallible> {
        use TokenType::{
            TK_BLOB, TK_CAST, TK_COMMA, TK_DOT, TK_FLOAT, TK_ID, TK_ISNULL, TK_LP, TK_MINUS,
            TK_NOTNULL, TK_PLUS, TK_RAISE, TK_RP, TK_SEMI, TK_STRING,
        };
        let before = self.previous;
        match (ty, value) {
            (TK_ID, Some(token)) => self.name(token),
            (TK_STRING, Some(token)) => self.put(token, token, false),
            (TK_FLOAT, Some(number)) => {
                let number = number.to_ascii_lowercase();
                self.put(&number, &number, false);
            }
            (TK_BLOB, Some(digits)) => {
                let blob = format!("X'{}'", digits.to_ascii_uppercase());
                self.put(&blob, &blob, false);
            }
            (TK_ISNULL, _) => self.put("IS NULL", "IS NULL", false),
            (TK_NOTNULL, _) => self.put("IS NOT NULL", "IS NOT NULL", false),
            (_, value) => {
                let word = ty.as_str().unwrap_or_default();
                let word = [word, value.unwrap_or_default()].concat();
                let called = ty == TK_LP && before == Token::Callable;
                let closes = matches!(ty, TK_RP | TK_COMMA | TK_DOT | TK_SEMI);
                self.put(&word, &word, called || closes);
            }
        }
        let is_sign =
            matches!(ty, TK_MINUS | TK_PLUS) && matches!(before, Token::Open | Token::Operator);
        self.previous = match ty {
            TK_LP | TK_DOT => Token::Open,
            TK_ID | TK_CAST | TK_RAISE => Token::Callable,
            _ if is_sign => Token::Open,
            TK_RP | TK_STRING | TK_FLOAT | TK_BLOB => Token::Other,
            _ => Token::Operator,
        };
        Ok(())
    }
}
