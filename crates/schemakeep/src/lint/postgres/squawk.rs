//! squawk's own rules: which are heard, under which of our names, and which are not, with the reason.
//!
//! The list is complete: a release of squawk with a new rule does not build until it is decided here.

use std::collections::BTreeSet;

use squawk_linter::{Linter, LinterSettings, Rule as Theirs, Violation};
use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::{Parse, SourceFile};

use super::{Walk, line_at, names};
use crate::lint::effects::{Effects, Thing};
use crate::lint::registry::{self, Rule, WRONG_COMPAT};
use crate::lint::{Cost, Subject};

/// The oldest server that is supported.
const OLDEST_POSTGRES: &str = "13.0";

/// What becomes of one of squawk's rules.
#[derive(Clone, Copy)]
enum Use {
    /// It is a rule of ours, at this cost.
    As(&'static Rule, Cost, &'static str),
    /// It takes away what the running release may use: a finding where the file says it is additive.
    Breaks,
    /// A rule of ours finds the same and knows more: earlier files, measured costs, what is free.
    Ours,
    /// Against this project's conventions, or no risk.
    Off,
}

#[expect(clippy::too_many_lines, reason = "one list of every rule, so that none is forgotten")]
fn verdict(rule: Theirs) -> Use {
    match rule {
        Theirs::BanAlterDomainWithAddConstraint => Use::As(
            &registry::BAN_ALTER_DOMAIN_WITH_ADD_CONSTRAINT,
            Cost { lock: Some("SHARE"), rewrites: false, scans: true },
            "reads every table that has a column of the domain, while nobody can write to them",
        ),
        Theirs::BanDropDatabase => Use::As(
            &registry::BAN_DROP_DATABASE,
            Cost { lock: None, rewrites: false, scans: false },
            "everything in it is gone, and no backup of this program covers another database",
        ),
        Theirs::BanDuplicateColumnAssignments => Use::As(
            &registry::BAN_DUPLICATE_COLUMN_ASSIGNMENTS,
            Cost { lock: None, rewrites: false, scans: false },
            "PostgreSQL refuses multiple assignments to one column",
        ),
        Theirs::IdentifierTooLong => Use::As(
            &registry::IDENTIFIER_TOO_LONG,
            Cost { lock: None, rewrites: false, scans: false },
            "PostgreSQL cuts names off after 63 bytes, so what is made is not what is written, and two may become one",
        ),
        Theirs::BanCharField => Use::As(
            &registry::BAN_CHAR_FIELD,
            Cost { lock: None, rewrites: false, scans: false },
            "char(n) pads what is stored with blanks, and comparisons leave them out",
        ),
        Theirs::PreferTimestampTz => Use::As(
            &registry::PREFER_TIMESTAMPTZ,
            Cost { lock: None, rewrites: false, scans: false },
            "without a zone it is not known which moment is meant",
        ),
        Theirs::RequireEnumValueOrdering => Use::As(
            &registry::REQUIRE_ENUM_VALUE_ORDERING,
            Cost { lock: None, rewrites: false, scans: false },
            "the value becomes the greatest, which sorting and comparison show",
        ),
        Theirs::RequireConcurrentPartitionDetach => Use::As(
            &registry::REQUIRE_CONCURRENT_PARTITION_DETACH,
            Cost { lock: Some("ACCESS EXCLUSIVE"), rewrites: false, scans: false },
            "nobody can read the partitioned table meanwhile",
        ),

        Theirs::BanDropColumn
        | Theirs::BanDropTable
        | Theirs::BanDropView
        | Theirs::BanDropFunction
        | Theirs::BanDropType
        | Theirs::BanDropDefault
        | Theirs::BanDropSchema
        | Theirs::BanDropSequence
        | Theirs::BanDropDomain
        | Theirs::BanDropExtension
        | Theirs::BanSetSchema
        | Theirs::RenamingColumn
        | Theirs::RenamingTable
        | Theirs::RenamingObject => Use::Breaks,

        Theirs::RequireConcurrentIndexCreation
        | Theirs::RequireConcurrentIndexDeletion
        | Theirs::RequireConcurrentReindex
        | Theirs::ConstraintMissingNotValid
        | Theirs::AddingFieldWithDefault
        | Theirs::AddingForeignKeyConstraint
        | Theirs::AddingNotNullableField
        | Theirs::AddingSerialPrimaryKeyField
        | Theirs::AddingRequiredField
        | Theirs::ChangingColumnType
        | Theirs::DisallowedUniqueConstraint
        | Theirs::BanTruncateCascade
        | Theirs::PreferRepack
        | Theirs::TransactionNesting
        | Theirs::BanUncommittedTransaction
        | Theirs::BanConcurrentIndexCreationInTransaction => Use::Ours,

        // The runner sets lock_timeout itself, and tries again.
        Theirs::RequireTimeoutSettings
        | Theirs::RequireLockTimeout
        | Theirs::RequireStatementTimeout
        // A migration runs once, whole or not at all: IF NOT EXISTS would hide that something is there already.
        | Theirs::PreferRobustStmts
        // Matters of taste, on which this project is free: integers, varchar, serial, schemas, domains.
        | Theirs::PreferBigintOverInt
        | Theirs::PreferBigintOverSmallint
        | Theirs::PreferIdentity
        | Theirs::PreferTextField
        | Theirs::RequireTableSchema
        | Theirs::BanCreateDomainWithConstraint
        // squawk's own comments are not heard; waivers of ours are.
        | Theirs::UnusedIgnore
        // They loosen or add: the release before goes on working, and no row is read.
        | Theirs::BanDropNotNull
        | Theirs::BanDropConstraint
        | Theirs::BanDropIndex
        | Theirs::BanDropTrigger
        | Theirs::BanDropPolicy
        | Theirs::BanDropGeneratedExpression
        | Theirs::BanSetDefault
        | Theirs::BanDisableTrigger
        | Theirs::BanReplicaIdentity
        | Theirs::BanRevoke
        | Theirs::BanReplaceViewFunction
        | Theirs::BanAlterIdentity
        | Theirs::BanAlterGeneratedExpression
        | Theirs::BanAlterPolicyCondition
        | Theirs::BanAlterPolicyRoles
        | Theirs::BanCreatePolicy
        | Theirs::BanAlterFunctionOptions
        | Theirs::BanAlterViewOptions
        | Theirs::BanAlterRoleOptions
        | Theirs::BanAlterDatabaseOptions
        | Theirs::BanAlterRowLevelSecurity
        | Theirs::BanNewWriteRestriction
        | Theirs::BanAddEnumValue
        | Theirs::BanAddCompositeAttribute
        | Theirs::BanAddColumn
        | Theirs::BanDetachInheritance
        | Theirs::BanAlterSequenceValues
        | Theirs::BanAlterSystemOptions
        | Theirs::BanAlterExtension => Use::Off,
    }
}

/// What squawk finds in an up file.
pub(super) fn violations(subject: &Subject<'_>, parse: &Parse<SourceFile>) -> Vec<Violation> {
    let text = &subject.migration.up_sql;
    let mut linter = linter(subject.in_transaction());
    if !text.contains("squawk-") {
        return linter.lint(parse, text);
    }
    // Its own comments would silence it, past our waivers; as long as before, so places stay what they are.
    let unheard = text.replace("squawk-", "squawk_");
    linter.lint(&SourceFile::parse(&unheard), &unheard)
}

/// Takes over what squawk finds in a statement, in our words.
pub(super) fn hear(walk: &mut Walk<'_>, stmt: &ast::Stmt, violations: &[Violation]) {
    if is_harmless(stmt) {
        return;
    }
    let range = stmt.syntax().text_range();
    let here = violations.iter().filter(|it| range.contains_inclusive(it.text_range.start()));
    let mut told = BTreeSet::new();
    for violation in here {
        let at = usize::from(violation.text_range.start());
        let line = line_at(&walk.subject.migration.up_sql, at);
        match verdict(violation.code) {
            Use::As(rule, cost, why) if told.insert((rule.name, line)) => {
                walk.report(rule, line, cost, why);
            }
            Use::Breaks if !on_new(walk, stmt) && told.insert((WRONG_COMPAT.name, line)) => {
                walk.findings.extend(walk.subject.breaking(line));
            }
            Use::As(..) | Use::Breaks | Use::Ours | Use::Off => {}
        }
    }
}

/// Whether squawk finds something where there is nothing: no statement of a release names an index, and a check that
/// is not valid yet reads no row.
fn is_harmless(stmt: &ast::Stmt) -> bool {
    match stmt {
        ast::Stmt::AlterIndex(it) => {
            matches!(it.action(), Some(ast::AlterIndexAction::IndexRenameTo(_)))
        }
        ast::Stmt::AlterDomain(it) => match it.action() {
            Some(ast::AlterDomainAction::AddConstraint(it)) => {
                it.constraint().is_some_and(|it| it.is_not_valid())
            }
            _ => false,
        },
        _ => false,
    }
}

/// Whether a statement is about things that this very file has made.
fn on_new(walk: &Walk<'_>, stmt: &ast::Stmt) -> bool {
    let mut effects = Effects::default();
    names::effects(stmt, &walk.subject.migration.up_sql, &mut effects);
    if let ast::Stmt::AlterTable(it) = stmt {
        return names::relation(it.table_relation_name()).is_some_and(|table| walk.is_new(&table));
    }
    let made = |gone: &Thing| walk.up.made.iter().any(|thing| thing.is(gone));
    !effects.gone.is_empty() && effects.gone.iter().all(made)
}

fn linter(in_transaction: bool) -> Linter {
    // Those that are not on by default are all off here too.
    let mut linter = Linter::with_default_rules();
    linter.rules.retain(|rule| matches!(verdict(*rule), Use::As(..) | Use::Breaks));
    linter.settings = LinterSettings {
        pg_version: OLDEST_POSTGRES.parse().unwrap_or_default(),
        assume_in_transaction: in_transaction,
    };
    linter
}
