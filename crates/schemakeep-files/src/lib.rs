//! Migration files: how they are named, that they come in pairs, and what the comments at their top declare.
//!
//! Uses the standard library only, so that a build script can check the files that it embeds.

pub mod directives;
pub mod files;
