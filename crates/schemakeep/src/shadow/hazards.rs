//! What was seen, set against the sizes of the live tables: a sentence each. Pure.

use super::observe::{Mode, Seen, name_of};
use super::report::{amount, bytes};
use super::table_stats::{Live, LiveTable};

/// SHARE UPDATE EXCLUSIVE: the weakest that other schema changes wait for, and nobody else.
const SHARE_UPDATE_EXCLUSIVE: Mode = 3;
/// SHARE: the weakest that writers wait for.
const SHARE: Mode = 4;
/// ACCESS EXCLUSIVE: readers wait for it too.
const ACCESS_EXCLUSIVE: Mode = 7;

/// Whom a lock keeps waiting.
fn blocked(mode: Mode) -> &'static str {
    match mode {
        ACCESS_EXCLUSIVE => "blocks reads and writes",
        SHARE.. => "blocks writes",
        _ => "reads and writes go on",
    }
}

/// A table of the live database, in words.
fn size(table: &LiveTable) -> String {
    let about = if table.about { "about " } else { "" };
    format!("{about}{} rows, {}", amount(table.rows), bytes(table.bytes))
}

/// The sentences of one statement. `later`: the line of a statement after it in the same transaction that reads
/// or rewrites a whole table, so that its locks are held for as long as that takes.
pub(super) fn effects(seen: &Seen, live: &Live, later: Option<usize>) -> Vec<String> {
    let mut sentences = Vec::new();
    let mut said = Vec::new();
    let statement = &seen.statement;
    let table = |name: &String| live.tables.get(name);
    let meanwhile = |name: &String| {
        let mode = seen.held.get(name).copied().unwrap_or_default();
        let words = blocked(mode);
        if mode >= SHARE { format!("{words} meanwhile") } else { words.to_owned() }
    };
    for (verb, names) in [("drops", &seen.dropped), ("empties", &seen.emptied)] {
        for (name, live) in names.iter().filter_map(|name| Some((name, table(name)?))) {
            sentences.push(format!("{verb} {name}: {}", size(live)));
        }
    }
    for (name, live) in statement.rewrites.iter().filter_map(|name| Some((name, table(name)?))) {
        if !seen.emptied.contains(name) {
            sentences.push(format!("rewrites {name}: {}, {}", size(live), meanwhile(name)));
            said.push(name);
        }
    }
    let indexes =
        statement.rewrites.iter().filter_map(|name| Some((name, live.indexes.get(name)?)));
    for (name, of) in indexes.filter(|(_, of)| !statement.rewrites.contains(of)) {
        sentences.push(format!("rebuilds index {name} of {of}, {}", meanwhile(of)));
    }
    for (name, live) in statement.changes.iter().filter_map(|name| Some((name, table(name)?))) {
        sentences.push(format!(
            "changes every row of {name}: {}, each locked until the transaction ends",
            size(live)
        ));
        said.push(name);
    }
    for (name, live) in statement.scans.iter().filter_map(|name| Some((name, table(name)?))) {
        if !said.contains(&name) {
            sentences.push(format!("scans {name}: {}, {}", size(live), meanwhile(name)));
            said.push(name);
        }
    }
    for lock in &statement.locks {
        let mode = seen.held.get(&lock.table).copied().unwrap_or_default();
        let strong = lock.mode == name_of(mode) && mode >= SHARE_UPDATE_EXCLUSIVE;
        if !strong || said.contains(&&lock.table) || table(&lock.table).is_none() {
            continue;
        }
        let long = match later {
            _ if mode < SHARE => String::new(),
            _ if !said.is_empty() => " meanwhile".to_owned(),
            Some(next) => format!(" until the transaction ends, and line {next} takes its time"),
            None => ", an instant".to_owned(),
        };
        sentences.push(format!("locks {} {}: {}{long}", lock.table, lock.mode, blocked(mode)));
    }
    sentences
}

/// Whether a statement takes as long as the live tables are large.
pub(super) fn takes_time(seen: &Seen, live: &Live) -> bool {
    let statement = &seen.statement;
    let all = statement.scans.iter().chain(&statement.rewrites).chain(&statement.changes);
    all.filter(|name| !seen.emptied.contains(name)).any(|name| live.tables.contains_key(name))
}
