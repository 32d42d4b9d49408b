//! Which changes of a column's type leave the table as it is on disk.

/// Whether PostgreSQL takes the new type over without writing or reading a row: what is stored is the same, and
/// every value fits. Types as written, in small letters.
pub fn is_free(from: &str, to: &str) -> bool {
    let (from, to) = (Type::of(from), Type::of(to));
    if from == to {
        return true;
    }
    match (from.name.as_str(), to.name.as_str()) {
        ("varchar", "text") | ("cidr", "inet") => from.suffix.is_empty() && to.suffix.is_empty(),
        ("text", "varchar") => to.arguments.is_empty() && to.suffix.is_empty(),
        ("varchar" | "varbit" | "timestamp" | "timestamptz", same) if same == from.name => {
            from.suffix == to.suffix && widens(&from.arguments, &to.arguments)
        }
        ("numeric", "numeric") => {
            to.suffix == from.suffix
                && match (from.arguments.as_slice(), to.arguments.as_slice()) {
                    (_, []) => true,
                    ([p, s], [q, t]) => p <= q && s == t,
                    ([p], [q]) => p <= q,
                    _ => false,
                }
        }
        _ => false,
    }
}

fn widens(from: &[u32], to: &[u32]) -> bool {
    match (from, to) {
        (_, []) => true,
        ([from], [to]) => from <= to,
        _ => false,
    }
}

/// Whether a column of this type fills itself from a sequence.
pub fn is_serial(ty: &str) -> bool {
    matches!(ty, "serial" | "bigserial" | "smallserial" | "serial2" | "serial4" | "serial8")
}

#[derive(Debug, PartialEq)]
struct Type {
    name: String,
    arguments: Vec<u32>,
    /// What follows the arguments: `[]`.
    suffix: String,
}

impl Type {
    fn of(text: &str) -> Self {
        let text = text.trim().trim_start_matches("pg_catalog.");
        let (name, rest) = text.split_once('(').unwrap_or((text, ""));
        let (inner, after) = rest.split_once(')').unwrap_or(("", ""));
        let arguments = inner.split(',').filter_map(|number| number.trim().parse().ok()).collect();
        let name = format!("{} {}", name.trim(), after.trim());
        let (name, suffix) = match name.find('[') {
            Some(at) => (name[..at].trim().to_owned(), name[at..].trim().to_owned()),
            None => (name.trim().to_owned(), String::new()),
        };
        let name = match name.as_str() {
            "character varying" | "char varying" => "varchar",
            "bit varying" => "varbit",
            "decimal" | "dec" => "numeric",
            "int" | "int4" => "integer",
            "int8" => "bigint",
            "int2" => "smallint",
            "bool" => "boolean",
            "float8" => "double precision",
            "float4" => "real",
            "timestamp with time zone" => "timestamptz",
            "timestamp without time zone" => "timestamp",
            other => other,
        };
        Self { name: name.to_owned(), arguments, suffix }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("varchar(20)", "varchar(40)", true)]
    #[case("character varying(20)", "text", true)]
    #[case("varchar(40)", "varchar(20)", false)]
    #[case("varchar", "varchar(20)", false)]
    #[case("text", "varchar", true)]
    #[case("text", "varchar(20)", false)]
    #[case("int", "integer", true)]
    #[case("integer", "bigint", false)]
    #[case("numeric(8, 2)", "numeric(10,2)", true)]
    #[case("numeric(8,2)", "numeric(10,3)", false)]
    #[case("numeric(8,2)", "numeric", true)]
    #[case("timestamp(3)", "timestamp", true)]
    #[case("timestamp(3) with time zone", "timestamptz(6)", true)]
    #[case("timestamp", "timestamptz", false)]
    #[case("varchar(20)[]", "text", false)]
    #[case("char(4)", "text", false)]
    fn some_types_are_the_same_on_disk(#[case] from: &str, #[case] to: &str, #[case] free: bool) {
        assert_eq!(is_free(from, to), free);
    }
}
