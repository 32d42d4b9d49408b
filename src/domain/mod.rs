//! What a task is and what may be asked of it: values that cannot hold a bad state, and pure rules.
//!
//! Knows nothing of databases, HTTP or configuration.

pub mod cursor;
pub mod daily;
pub mod date;
pub mod draft;
pub mod event;
pub mod filter;
pub mod fold;
pub mod operation;
pub mod patch;
pub mod precondition;
pub mod reference;
pub mod sort;
pub mod stats;
pub mod task;
pub mod text;
pub mod violation;

pub use cursor::{Cursor, SealedCursor};
pub use daily::{DayCount, DayFigures, DayWindow};
pub use draft::TaskDraft;
pub use event::{EventKind, EventMark, TaskEvent};
pub use filter::{AssigneeFilter, TaskFilter};
pub use operation::{Operation, OperationError, OperationErrorKind, Outcome};
pub use patch::{Change, StatusChange, TaskPatch};
pub use precondition::{Precondition, TagList};
pub use reference::TaskRef;
pub use schemakeep_db::{Clock, SystemClock};
pub use sort::{Direction, Sort, SortField, SortKey};
pub use stats::{StatusCount, TaskStats};
pub use task::{Priority, Status, Task};
pub use text::{Assignee, Description, Title};
pub use violation::{FieldError, Place, ValidationErrors, ValueError};
