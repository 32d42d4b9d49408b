//! What clients asked and were told, and when.

use std::collections::BTreeMap;

/// A task, as far as histories look at it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Task {
    pub(crate) version: i64,
    pub(crate) title: String,
    pub(crate) priority: String,
}

/// The fields that a PATCH sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) title: Option<String>,
    pub(crate) priority: Option<&'static str>,
}

/// One change to one task, by a request of its own or within a bulk request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// No two of a history have the same title.
    Create {
        title: String,
    },
    Patch {
        number: i64,
        if_match: Option<i64>,
        change: Change,
    },
    Delete {
        number: i64,
        if_match: Option<i64>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// POST, PATCH or DELETE; only a POST has a key.
    One {
        step: Step,
        key: Option<String>,
    },
    Bulk {
        steps: Vec<Step>,
        key: Option<String>,
    },
    Get {
        number: i64,
    },
    List,
}

impl Call {
    pub(crate) fn key(&self) -> Option<&str> {
        match self {
            Self::One { key, .. } | Self::Bulk { key, .. } => key.as_deref(),
            Self::Get { .. } | Self::List => None,
        }
    }

    pub(crate) fn steps(&self) -> &[Step] {
        match self {
            Self::One { step, .. } => std::slice::from_ref(step),
            Self::Bulk { steps, .. } => steps,
            Self::Get { .. } | Self::List => &[],
        }
    }
}

/// What a step did.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Effect {
    /// The task as it is now.
    Stored {
        number: i64,
        task: Task,
    },
    Deleted,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Answer {
    /// 200, 201, 204: what each step did. `replayed`: by an earlier request with the same key.
    Done { effects: Vec<Effect>, replayed: bool },
    /// 200 to a GET.
    Found(Task),
    /// 200 to a list: all tasks by number.
    Listed(BTreeMap<i64, Task>),
    /// The status of each step that failed, by its place.
    Failed(Vec<(usize, u16)>),
    /// 409: a request with the same key is under way.
    InUse,
}

/// One request. Times are those of a counter that all clients share.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) call: Call,
    pub(crate) invoked: u64,
    /// `None`: no answer came, or one that leaves open what was done.
    pub(crate) answered: Option<(u64, Answer)>,
}

impl Operation {
    /// The effect of each step, if this request is known to have had one.
    pub(crate) fn effects(&self) -> &[Effect] {
        match &self.answered {
            Some((_, Answer::Done { effects, replayed: false })) => effects,
            _ => &[],
        }
    }
}
