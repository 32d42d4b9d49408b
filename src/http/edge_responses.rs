//! What every operation can answer before its handler is asked, added to the OpenAPI document.

use utoipa::openapi::path::Operation;
use utoipa::openapi::{OpenApi, RefOr};

use super::openapi::responses_of;
use super::problem::{
    CROSS_SITE_REQUEST, INVALID_HOST, Kind, MISDIRECTED_REQUEST, REQUEST_TIMEOUT, TOO_MANY_STREAMS,
};

pub(super) fn add(document: &mut OpenApi) {
    for (path, item) in &mut document.paths.paths {
        if path == "/metrics" || path.starts_with("/health") {
            continue;
        }
        let reads = [&mut item.get];
        let writes = [&mut item.put, &mut item.post, &mut item.patch, &mut item.delete];
        for operation in reads.into_iter().flatten() {
            add_to(operation, false);
        }
        for operation in writes.into_iter().flatten() {
            add_to(operation, true);
        }
    }
    let events = document.paths.paths.get_mut("/tasks/events");
    if let Some(events) = events.and_then(|item| item.get.as_mut()) {
        add_kinds(events, &[&TOO_MANY_STREAMS]);
    }
}

fn add_to(operation: &mut Operation, writes: bool) {
    add_kinds(operation, &[&INVALID_HOST, &MISDIRECTED_REQUEST]);
    if writes {
        add_kinds(operation, &[&CROSS_SITE_REQUEST]);
    }
    if operation.request_body.is_some() {
        add_kinds(operation, &[&REQUEST_TIMEOUT]);
    }
}

/// A status that the operation has already gets one more description.
fn add_kinds(operation: &mut Operation, kinds: &[&'static Kind]) {
    for (status, response) in responses_of(kinds) {
        match operation.responses.responses.get_mut(&status) {
            Some(RefOr::T(present)) => {
                if let RefOr::T(response) = response {
                    present.description += " or ";
                    present.description += &response.description.to_lowercase();
                }
            }
            _ => drop(operation.responses.responses.insert(status, response)),
        }
    }
}
