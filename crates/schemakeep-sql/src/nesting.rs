//! How deep a text may be nested for PostgreSQL's parser here.

/// Deepest nesting of parentheses that is read: squawk's parser takes a piece of the stack for each, and PostgreSQL's
/// own gives up not far above.
pub const MAX_NESTING: usize = 200;

/// Where, in bytes, parentheses are nested too deeply; those in texts count too.
pub fn nesting_exceeded_at(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    text.bytes().position(|byte| {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > MAX_NESTING
    })
}
