//! Where a value comes from: a flag, the environment, a file that one of them names, or the
//! default. Collects problems instead of stopping at the first.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::Path;

use super::flags::Flags;
use super::problem::{ConfigErrors, Problem, quoted};
use super::variable::Variable;

/// Looks up an environment variable; given, so that tests need not touch the process's own.
pub type Environment<'a> = dyn Fn(&str) -> Option<OsString> + 'a;

/// Where a setting's value came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A flag on the command line.
    Flag,
    /// The variable itself in the environment.
    Environment,
    /// A file that a `_FILE` variable or flag names.
    File,
    /// Nobody gave one.
    Default,
}

impl Source {
    /// Its name in the output of `taskmanager config`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Flag => "flag",
            Self::Environment => "environment",
            Self::File => "file",
            Self::Default => "default",
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A problem was found, and is kept by the [`Reader`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Refused;

/// Reads one variable after the other.
pub(super) struct Reader<'a> {
    flags: &'a Flags,
    environment: &'a Environment<'a>,
    problems: Vec<Problem>,
    sources: BTreeMap<&'static str, Source>,
}

/// A text, and where it came from in words.
struct Given {
    text: String,
    source: Source,
    origin: String,
}

impl<'a> Reader<'a> {
    pub(super) fn new(flags: &'a Flags, environment: &'a Environment<'a>) -> Self {
        Self { flags, environment, problems: Vec::new(), sources: BTreeMap::new() }
    }

    /// The parsed value, or that of the default's text.
    pub(super) fn value<T>(
        &mut self,
        variable: &Variable,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, Refused> {
        match self.optional(variable, None, &parse)? {
            Some(value) => Ok(value),
            None => self.default(variable, parse),
        }
    }

    /// The parsed default's text.
    pub(super) fn default<T>(
        &mut self,
        variable: &Variable,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, Refused> {
        parse(variable.default)
            .map_err(|detail| self.refuse(variable, Source::Default.to_string(), detail))
    }

    /// The parsed value, or `None` when nobody gave one; `file` is the variable that may name a
    /// file instead.
    pub(super) fn optional<T>(
        &mut self,
        variable: &Variable,
        file: Option<&Variable>,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, Refused> {
        let given = self.given(variable, file)?;
        let source = given.as_ref().map_or(Source::Default, |given| given.source);
        self.sources.insert(variable.name, source);
        match given {
            None => Ok(None),
            Some(given) => match parse(&given.text) {
                Ok(value) => Ok(Some(value)),
                Err(detail) => Err(self.refuse(variable, given.origin, detail)),
            },
        }
    }

    /// As [`optional`](Self::optional), with a variable that a hosting platform sets where this one is not.
    pub(super) fn optional_or<T>(
        &mut self,
        variable: &Variable,
        platform: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, Refused> {
        if let Some(value) = self.optional(variable, None, &parse)? {
            return Ok(Some(value));
        }
        let given = (self.environment)(platform).filter(|text| !text.is_empty());
        let Some(text) = given else { return Ok(None) };
        self.sources.insert(variable.name, Source::Environment);
        let parsed = parse(&text.to_string_lossy());
        parsed
            .map(Some)
            .map_err(|detail| self.refuse(variable, format!("environment, {platform}"), detail))
    }

    /// Keeps a problem.
    pub(super) fn refuse(
        &mut self,
        variable: &Variable,
        origin: String,
        detail: String,
    ) -> Refused {
        self.problems.push(Problem { variable: variable.name, origin, detail });
        Refused
    }

    /// Where each variable's value came from; or every problem.
    pub(super) fn finish(self) -> Result<BTreeMap<&'static str, Source>, ConfigErrors> {
        if self.problems.is_empty() { Ok(self.sources) } else { Err(ConfigErrors(self.problems)) }
    }

    fn given(
        &mut self,
        variable: &Variable,
        file: Option<&Variable>,
    ) -> Result<Option<Given>, Refused> {
        for source in [Source::Flag, Source::Environment] {
            let text = self.text(source, variable)?;
            let path = match file {
                Some(file) => self.text(source, file)?.map(|path| (file, path)),
                None => None,
            };
            match (text, path) {
                (None, None) => {}
                (Some(text), None) => {
                    return Ok(Some(Given { text, source, origin: origin(source, variable) }));
                }
                (None, Some((file, path))) => {
                    return match read(&path) {
                        Ok(text) => {
                            let origin = format!("file {} of {}", quoted(&path), file.name);
                            Ok(Some(Given { text, source: Source::File, origin }))
                        }
                        Err(detail) => Err(self.refuse(file, origin(source, file), detail)),
                    };
                }
                (Some(_), Some((file, _))) => {
                    let detail = format!("must not be set together with {}", file.name);
                    return Err(self.refuse(variable, origin(source, variable), detail));
                }
            }
        }
        Ok(None)
    }

    fn text(&mut self, source: Source, variable: &Variable) -> Result<Option<String>, Refused> {
        if source == Source::Flag {
            return Ok(self.flags.get(variable).map(ToOwned::to_owned));
        }
        match (self.environment)(variable.name).map(OsString::into_string) {
            None => Ok(None),
            Some(Ok(text)) => Ok(Some(text).filter(|text| !text.is_empty())),
            Some(Err(_)) => {
                let detail = "must be UTF-8 text, got other bytes".to_owned();
                Err(self.refuse(variable, origin(source, variable), detail))
            }
        }
    }
}

fn origin(source: Source, variable: &Variable) -> String {
    match source {
        Source::Flag => format!("flag --{}", variable.flag),
        other => other.to_string(),
    }
}

fn read(path: &str) -> Result<String, String> {
    let text = std::fs::read_to_string(Path::new(path)).map_err(|error| {
        format!("must name a readable file of UTF-8 text, got {}: {error}", quoted(path))
    })?;
    let text = text.trim_end_matches(['\n', '\r']);
    if text.is_empty() {
        return Err(format!("must name a file that holds the value, got {}: empty", quoted(path)));
    }
    Ok(text.to_owned())
}
