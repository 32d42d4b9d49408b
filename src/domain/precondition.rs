//! Conditions on a task's version under which a request applies (RFC 9110 section 13).

use uuid::Uuid;

use super::task::Task;

/// The value of an `If-Match` or `If-None-Match` field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TagList {
    /// `*`: any present representation.
    Any,
    Tags(Vec<EntityTag>),
    /// Not of the field's grammar: matches nothing.
    Malformed,
}

/// An entity tag as a client sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityTag {
    weak: bool,
    opaque: String,
}

/// The strong tag of a task in its present version: `"<id>.<version>"`, quotes included.
#[must_use]
pub fn entity_tag(id: Uuid, version: i64) -> String {
    format!("\"{id}.{version}\"")
}

impl TagList {
    /// Reads a field value; several field lines are joined by a comma before (RFC 9110 section 5.2).
    #[must_use]
    pub fn parse(field: &str) -> Self {
        let field = field.trim_matches([' ', '\t']);
        if field == "*" {
            return Self::Any;
        }
        let mut tags = Vec::new();
        let mut rest = field;
        loop {
            rest = rest.trim_start_matches([' ', '\t']);
            if rest.is_empty() {
                break;
            }
            if let Some(after) = rest.strip_prefix(',') {
                rest = after;
                continue;
            }
            let Some((tag, after)) = EntityTag::split_from(rest) else { return Self::Malformed };
            tags.push(tag);
            rest = after.trim_start_matches([' ', '\t']);
            if !rest.is_empty() && !rest.starts_with(',') {
                return Self::Malformed;
            }
        }
        if tags.is_empty() { Self::Malformed } else { Self::Tags(tags) }
    }

    /// Strong comparison: what `If-Match` wants (RFC 9110 section 8.8.3.2).
    #[must_use]
    pub fn matches_strongly(&self, task: &Task) -> bool {
        self.matches(task, |tag, present| !tag.weak && tag.opaque == present)
    }

    /// Weak comparison: what `If-None-Match` wants.
    #[must_use]
    pub fn matches_weakly(&self, task: &Task) -> bool {
        self.matches(task, |tag, present| tag.opaque == present)
    }

    fn matches(&self, task: &Task, same: impl Fn(&EntityTag, &str) -> bool) -> bool {
        match self {
            Self::Any => true,
            Self::Malformed => false,
            Self::Tags(tags) => {
                let present = entity_tag(task.id, task.version);
                tags.iter().any(|tag| same(tag, &present))
            }
        }
    }
}

impl EntityTag {
    fn split_from(text: &str) -> Option<(Self, &str)> {
        let (weak, quoted) = text.strip_prefix("W/").map_or((false, text), |rest| (true, rest));
        let length = quoted.strip_prefix('"')?.find('"')? + 2;
        let (opaque, rest) = quoted.split_at(length);
        let allowed =
            |c: char| c == '\u{21}' || ('\u{23}'..='\u{7e}').contains(&c) || c >= '\u{80}';
        opaque[1..length - 1]
            .chars()
            .all(allowed)
            .then(|| (Self { weak, opaque: opaque.to_owned() }, rest))
    }
}

/// What must hold of the stored task for a change to be made; the default always holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Precondition {
    /// `If-Match`.
    pub if_match: Option<TagList>,
    /// `If-None-Match`.
    pub if_none_match: Option<TagList>,
}

impl Precondition {
    /// Whether a change to `task`, which exists, may be made.
    #[must_use]
    pub fn holds(&self, task: &Task) -> bool {
        self.if_match.as_ref().is_none_or(|tags| tags.matches_strongly(task))
            && self.if_none_match.as_ref().is_none_or(|tags| !tags.matches_weakly(task))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;
    use time::OffsetDateTime;

    use super::super::draft::TaskDraft;
    use super::super::task::{Priority, Status};
    use super::super::text::Title;
    use super::*;

    fn task() -> Task {
        let title = Title::parse("x").expect("a title");
        let draft = TaskDraft {
            title,
            description: None,
            status: Status::Todo,
            priority: Priority::Low,
            assignee: None,
            due_date: None,
        };
        draft.into_task(Uuid::nil(), OffsetDateTime::UNIX_EPOCH)
    }

    const TAG: &str = "\"00000000-0000-0000-0000-000000000000.1\"";

    #[rstest]
    #[case("*", true, true)]
    #[case(TAG, true, true)]
    #[case(&format!("W/{TAG}"), false, true)]
    #[case(&format!("\"a\", {TAG} , W/\"b\""), true, true)]
    #[case(&format!(",, {TAG},"), true, true)]
    #[case("\"a,b\"", false, false)]
    #[case(TAG.trim_matches('"'), false, false)]
    #[case(&format!("{TAG} {TAG}"), false, false)]
    #[case(&format!("*, {TAG}"), false, false)]
    #[case(&format!("w/{TAG}"), false, false)]
    #[case("", false, false)]
    #[case("\"", false, false)]
    fn compares_as_the_standard_says(
        #[case] field: &str,
        #[case] strongly: bool,
        #[case] weakly: bool,
    ) {
        let tags = TagList::parse(field);
        assert_eq!(
            (tags.matches_strongly(&task()), tags.matches_weakly(&task())),
            (strongly, weakly),
            "{tags:?}"
        );
    }

    proptest! {
        #[test]
        fn never_panics(field in ".{0,60}") {
            let _ = TagList::parse(&field);
        }
    }
}
