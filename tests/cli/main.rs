//! The command line, black-box: what each command prints, where, and with which exit code.

#[cfg(test)]
mod config;
#[cfg(test)]
mod healthcheck;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod status;
#[cfg(test)]
mod usage;
#[cfg(test)]
mod warnings;
