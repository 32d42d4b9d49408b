//! The page in a real browser: Chromium, driven through `ChromeDriver`, on SQLite and on PostgreSQL.
//!
//! `make test` finds or installs both programs; without them these tests fail. With `SCREENSHOTS=<folder>` the
//! tests that show a view write their pictures there.

#[cfg(test)]
mod appearance;
#[cfg(test)]
mod axe;
#[cfg(test)]
mod board;
#[cfg(test)]
mod command;
#[cfg(test)]
mod connection;
#[cfg(test)]
mod deletions;
#[cfg(test)]
mod driver;
#[cfg(test)]
mod figures;
#[cfg(test)]
mod finding;
#[cfg(test)]
mod gone;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod list;
#[cfg(test)]
mod page;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod speed;
#[cfg(test)]
mod texts;
#[cfg(test)]
mod together;
#[cfg(test)]
mod viewer;
#[cfg(test)]
mod watch;
#[cfg(test)]
mod window;
