//! The lint against a table of migrations (`tests/support/lint_table`): what it must find and nothing else, and what
//! that costs, measured on the databases themselves.

#[cfg(test)]
#[path = "../support/mod.rs"]
pub mod support;

#[cfg(test)]
mod documented;
#[cfg(test)]
mod findings;
#[cfg(test)]
mod measured;
#[cfg(test)]
mod properties;
