//! The way from one schema of PostgreSQL to another.

use super::{Difference, Draft, Mend, Rename, Unwritable};
use crate::migrate::schema::postgres::Schema;

/// See [`super::compare`].
pub(super) fn compare(_expected: &Schema, _found: &Schema) -> Vec<Difference> {
    Vec::new()
}

/// See [`super::possible_renames`].
pub(super) fn possible_renames(_from: &Schema, _to: &Schema) -> Vec<Rename> {
    Vec::new()
}

/// See [`super::draft`].
pub(super) fn draft(
    _from: &Schema,
    _to: &Schema,
    _renames: &[Rename],
) -> Result<Draft, Unwritable> {
    Ok(Draft::default())
}

/// See [`super::mend`].
pub(super) fn mend(_expected: &Schema, _found: &Schema, _difference: &Difference) -> Mend {
    Mend::default()
}
