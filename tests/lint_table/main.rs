//! The lint against a table of migrations (`crates/testkit/src/lint_table`): what it must find and nothing else, and what
//! that costs, measured on the databases themselves.

#[cfg(test)]
mod documented;
#[cfg(test)]
mod findings;
#[cfg(test)]
mod measured;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod rehearsed;
