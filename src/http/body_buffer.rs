//! The bytes of a request's body while they come.

use axum::body::Bytes;
use memmap2::{MmapMut, MmapOptions};

use super::error::ApiError;
use super::limits::BODY_BYTES;

/// Takes a body of at most so many bytes.
///
/// What is longer than [`BODY_BYTES`] lies in a mapping of its own: as large as the body may become, it costs only the
/// pages that have been written to, is never copied to grow, and goes back to the system when it is dropped. From the
/// allocator, which keeps what is freed for a second, 64 such bodies cost twice what their budget allows.
#[derive(Debug)]
pub(super) struct BodyBuffer {
    bytes_max: usize,
    bytes: usize,
    small: Vec<u8>,
    large: Option<MmapMut>,
}

impl BodyBuffer {
    /// An empty buffer, which allocates nothing.
    pub(super) fn new(bytes_max: usize) -> Self {
        Self { bytes_max, bytes: 0, small: Vec::new(), large: None }
    }

    /// Appends.
    ///
    /// # Errors
    ///
    /// `PayloadTooLarge`, or `NoRoomForBody` when the system refuses the memory.
    pub(super) fn push(&mut self, data: &[u8]) -> Result<(), ApiError> {
        if data.len() > self.bytes_max - self.bytes {
            return Err(ApiError::PayloadTooLarge(self.bytes_max));
        }
        let end = self.bytes + data.len();
        if end <= BODY_BYTES {
            self.small.extend_from_slice(data);
        } else {
            let large = match &mut self.large {
                Some(large) => large,
                None => {
                    self.large.insert(mapping(self.bytes_max, &std::mem::take(&mut self.small))?)
                }
            };
            large[self.bytes..end].copy_from_slice(data);
        }
        self.bytes = end;
        Ok(())
    }

    /// All that was appended.
    pub(super) fn into_bytes(self) -> Bytes {
        match self.large {
            None => self.small.into(),
            Some(large) => Bytes::from_owner(large).slice(..self.bytes),
        }
    }
}

fn mapping(bytes: usize, begin: &[u8]) -> Result<MmapMut, ApiError> {
    let mapped = MmapOptions::new().len(bytes).no_reserve_swap().map_anon();
    let mut mapped = mapped.map_err(|_| ApiError::NoRoomForBody)?;
    mapped[..begin.len()].copy_from_slice(begin);
    Ok(mapped)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn parts_make_up_the_whole(
            parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50_000), 0..8),
            spare in 0_usize..2,
        ) {
            let whole = parts.concat();
            let mut buffer = BodyBuffer::new(whole.len() + spare);
            for part in &parts {
                prop_assert!(buffer.push(part).is_ok());
            }
            prop_assert_eq!(buffer.large.is_some(), whole.len() > BODY_BYTES);
            let too_much = buffer.push(&vec![0; spare + 1]);
            prop_assert!(matches!(too_much, Err(ApiError::PayloadTooLarge(_))));
            prop_assert_eq!(buffer.into_bytes(), whole);
        }
    }
}
