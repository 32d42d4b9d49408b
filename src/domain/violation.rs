//! Broken input rules, collected so that one answer names all of them.

/// Where in a request a rule was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// An RFC 6901 JSON pointer into the body; the empty string is the whole body.
    Pointer(String),
    /// The name of a query or path parameter.
    Parameter(String),
}

impl Place {
    /// The place that this one is below another: pointers are joined, a parameter stays one.
    #[must_use]
    pub fn below(self, pointer: &str) -> Self {
        match self {
            Self::Pointer(rest) => Self::Pointer(format!("{pointer}{rest}")),
            Self::Parameter(name) => Self::Parameter(name),
        }
    }

    /// Points at one member of the body's object, escaped as RFC 6901 section 3 says.
    #[must_use]
    pub fn member(name: &str) -> Self {
        Self::Pointer(format!("/{}", name.replace('~', "~0").replace('/', "~1")))
    }

    /// Names a parameter.
    #[must_use]
    pub fn parameter(name: &str) -> Self {
        Self::Parameter(name.to_owned())
    }
}

/// A broken rule, before it is known where in the request the value stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueError {
    /// Stable, machine-readable word, such as `too_long`.
    pub code: &'static str,
    /// One clause that says what is allowed and what came.
    pub detail: String,
}

impl ValueError {
    /// Makes a fault from its code and its explanation.
    pub fn new(code: &'static str, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }

    /// Gives the fault its place.
    #[must_use]
    pub fn at(self, place: Place) -> FieldError {
        FieldError { place, fault: self }
    }
}

/// A broken rule and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    pub place: Place,
    pub fault: ValueError,
}

/// All the rules that one request broke; a non-empty one rejects the request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ValidationErrors(Vec<FieldError>);

impl ValidationErrors {
    /// Starts with none.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn push(&mut self, place: Place, fault: ValueError) {
        self.0.push(fault.at(place));
    }

    /// Keeps the value of a success, and collects the fault of a failure.
    pub fn keep<T>(
        &mut self,
        place: impl FnOnce() -> Place,
        result: Result<T, ValueError>,
    ) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(fault) => {
                self.push(place(), fault);
                None
            }
        }
    }

    /// Keeps the value of a success, and collects the violations of a failure, whose pointers begin at `pointer`.
    pub fn keep_below<T>(&mut self, pointer: &str, result: Result<T, Self>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(violations) => {
                for FieldError { place, fault } in violations.0 {
                    self.push(place.below(pointer), fault);
                }
                None
            }
        }
    }

    /// Whether nothing was broken.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether one was found at this JSON pointer.
    #[must_use]
    pub fn concerns(&self, pointer: &str) -> bool {
        self.0.iter().any(|violation| matches!(&violation.place, Place::Pointer(p) if p == pointer))
    }

    /// The violations in the order in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = &FieldError> {
        self.0.iter()
    }
}

impl From<FieldError> for ValidationErrors {
    fn from(violation: FieldError) -> Self {
        Self(vec![violation])
    }
}
