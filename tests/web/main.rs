//! The page: how it is served, black-box, and what its sources must keep to.

#[cfg(test)]
mod served;
#[cfg(test)]
mod sources;
#[cfg(test)]
mod vendored;
