//! What is said about an import: how many tasks, and every fault with its line.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{Place, ValidationErrors, ValueError};
use crate::http::problem::{Problem, ProblemError};

/// Most faults that are listed; all are counted.
const LISTED_MAX: usize = 1_000;

/// Broken rules of a file, in the order of its lines.
#[derive(Debug, Default)]
pub(super) struct Faults {
    listed: Vec<RowFault>,
    total: usize,
}

#[derive(Debug)]
struct RowFault {
    line: u64,
    row: Option<usize>,
    field: Option<String>,
    fault: ValueError,
}

/// Where a fault is: the line, counted from 1; which of the tasks, counted from 0, if it is one; and its field.
#[derive(Clone, Copy, Debug)]
pub(super) struct At<'a> {
    pub(super) line: u64,
    pub(super) row: Option<usize>,
    pub(super) field: Option<&'a str>,
}

impl Faults {
    pub(super) fn is_empty(&self) -> bool {
        self.total == 0
    }

    pub(super) fn push(&mut self, at: At<'_>, fault: ValueError) {
        self.total += 1;
        if self.listed.len() < LISTED_MAX {
            let field = at.field.map(ToOwned::to_owned);
            self.listed.push(RowFault { line: at.line, row: at.row, field, fault });
        }
    }

    /// Adds the rules that one task breaks, but for those that are known to follow from another fault.
    pub(super) fn extend(&mut self, at: At<'_>, violations: &ValidationErrors, skip: &str) {
        for violation in violations.iter().filter(|violation| violation.fault.code != skip) {
            let Place::Pointer(pointer) = &violation.place else { continue };
            let field =
                pointer.strip_prefix('/').map(|name| name.replace("~1", "/").replace("~0", "~"));
            self.push(At { field: field.as_deref(), ..at }, violation.fault.clone());
        }
    }

    /// The refusal of a file of so many rows, with the faults of the parameters before its own.
    pub(super) fn into_problem(self, parameters: &ValidationErrors, rows: usize) -> Problem {
        let mut problem = Problem::validation(parameters);
        if let Some(first) = self.listed.first().filter(|_| parameters.is_empty()) {
            let (line, detail) = (first.line, &first.fault.detail);
            let faults = if self.total == 1 { "fault" } else { "faults" };
            problem.detail = format!(
                "{} {faults} in {rows} rows, and nothing was imported; the first, in line {line}: {detail}",
                self.total
            );
        }
        let parameters = problem.errors.len();
        problem.errors.extend(self.listed.into_iter().map(ProblemError::from));
        problem.errors_total = Some(parameters + self.total);
        problem
    }
}

impl From<RowFault> for ProblemError {
    fn from(found: RowFault) -> Self {
        let row = found.row.map(|row| format!("/{row}")).unwrap_or_default();
        let place = found.field.as_deref().filter(|_| found.row.is_some()).map(Place::member);
        let member = match place {
            Some(Place::Pointer(member)) => member,
            Some(Place::Parameter(_)) | None => String::new(),
        };
        Self {
            pointer: Some(row + &member),
            parameter: None,
            status: None,
            line: Some(found.line),
            field: found.field,
            code: found.fault.code,
            detail: found.fault.detail,
        }
    }
}

/// What became of a file.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Import)]
pub(crate) struct ImportBody {
    /// Whether it was only looked at.
    dry_run: bool,
    /// How many tasks were made, or, with `dry_run`, would be: none while there is a fault.
    #[schema(minimum = 0)]
    created: usize,
    /// Broken rules, in the order of the lines; at most 1,000.
    errors: Vec<ImportErrorBody>,
    /// How many broken rules there are.
    #[schema(minimum = 0)]
    errors_total: usize,
}

/// A broken rule of a file.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImportError)]
struct ImportErrorBody {
    /// The line on which the task begins, counted from 1 as an editor does.
    #[schema(minimum = 1)]
    line: u64,
    /// Which column or member; null for the whole line.
    #[schema(required)]
    field: Option<String>,
    /// A stable word for programs.
    code: &'static str,
    /// What was wrong and what is allowed.
    message: String,
}

impl ImportBody {
    pub(super) fn new(dry_run: bool, created: usize, faults: Faults) -> Self {
        let errors_total = faults.total;
        let errors = faults.listed.into_iter().map(|found| ImportErrorBody {
            line: found.line,
            field: found.field,
            code: found.fault.code,
            message: found.fault.detail,
        });
        Self { dry_run, created, errors: errors.collect(), errors_total }
    }
}

impl IntoResponse for ImportBody {
    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}
