//! Numbers in messages for people.

use std::fmt::Display;

/// A count with its noun: `1 row`, `7 rows`.
pub fn plural<N: Copy + Display + PartialEq + From<u8>>(count: N, noun: &str) -> String {
    let ending = if count == N::from(1) { "" } else { "s" };
    format!("{count} {noun}{ending}")
}

#[cfg(test)]
mod tests {
    use super::plural;

    #[test]
    fn one_is_not_many() {
        assert_eq!([0_u64, 1, 7].map(|rows| plural(rows, "row")), ["0 rows", "1 row", "7 rows"]);
    }
}
