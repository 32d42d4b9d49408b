//! From the text of a migration to facts about it, without any I/O: its statements, how each of them may be run, and
//! what each of them changes.

pub mod change;
pub mod lexer;
pub mod nesting;
pub mod postgres;
pub mod statements;
