//! Every budget of the HTTP side: what one client, or all of them together, may take before somebody is refused or
//! hung up on. docs/OPERATIONS.md repeats the table, and a test compares the two.

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// The constant's name, which ends in its unit.
    pub name: &'static str,
    /// How much, in that unit.
    pub amount: u64,
    /// What it bounds, and what happens beyond it.
    pub meaning: &'static str,
}

macro_rules! limits {
    ($($name:ident: $kind:ty = $amount:expr, $meaning:literal;)*) => {
        $(
            #[doc = concat!($meaning, ".")]
            pub const $name: $kind = $amount;
        )*

        /// Every limit, in the order in which the documentation names them.
        pub const LIMITS: &[Limit] = &[
            $(Limit { name: stringify!($name), amount: $name as u64, meaning: $meaning }),*
        ];
    };
}

limits! {
    CONNECTIONS: usize = 4_096,
        "connections at a time, besides those of EVENTS_CLIENTS, or fewer where the system allows fewer open files: silent ones make room, longest first, and idle ones when those are few";
    OPS_CONNECTIONS: usize = 64,
        "connections at a time to OPS_LISTEN, which has its own";
    RESERVED_FILES: usize = 128,
        "open files kept free of client connections, besides three for each connection to the database";
    FIRST_BYTE_SECONDS: u64 = 10,
        "from the connection to its first byte: hung up on";
    HEAD_SECONDS: u64 = 10,
        "from a head's first byte to its end, the preface of HTTP/2 included: hung up on";
    IDLE_SECONDS: u64 = 60,
        "without a request on an open connection: closed";
    HTTP2_PING_SECONDS: u64 = 20,
        "between pings to an HTTP/2 client, and for its answer: closed";
    WRITE_PROGRESS_SECONDS: u64 = 30,
        "without a byte of an answer taken by its client: the connection is reset";
    SEND_BUFFER_BYTES: usize = 65_536,
        "of answers that the system holds for one connection, which it may double: more waits in the service, where it is counted";
    EVENTS_SEND_BUFFER_BYTES: usize = 1_048_576,
        "the same for a connection that came to follow events: bursts of them are no reason to part with a client; one that does so from its first request has what the system gives";
    HEAD_BYTES: usize = 65_536,
        "of a request's head over HTTP/1, its path included: 431";
    HEADS_TOTAL_BYTES: usize = 33_554_432,
        "of heads not yet complete, all connections together: the oldest are hung up on";
    HTTP2_HEADERS_BYTES: u32 = 16_384,
        "of a request's headers over HTTP/2: 431";
    HTTP2_STREAMS: u32 = 64,
        "requests at a time on one HTTP/2 connection: more wait in the client";
    HTTP2_STREAM_WINDOW_BYTES: u32 = 65_536,
        "of one request's body that may be under way over HTTP/2: more waits in the client";
    HTTP2_CONNECTION_WINDOW_BYTES: u32 = 131_072,
        "of all bodies that may be under way on one HTTP/2 connection: more waits in the client";
    HTTP2_SEND_BUFFER_BYTES: usize = 16_384,
        "of one answer that waits within HTTP/2 for its client";
    PIECE_BYTES: usize = 16_384,
        "of an answer handed to an HTTP/1 connection at a time";
    HTTP2_PIECE_BYTES: usize = 4_096,
        "of an answer handed to an HTTP/2 connection at a time";
    BODY_BYTES: usize = 65_536,
        "of a request's body: 413";
    IMPORT_BYTES: usize = 16_777_216,
        "of an import's body: 413";
    BODIES_TOTAL_BYTES: usize = 67_108_864,
        "of bodies being read, all requests together: those that have waited longest for their client, or else the newest, get 503";
    SMALL_BODIES_BYTES: usize = 4_194_304,
        "of BODIES_TOTAL_BYTES kept for bodies of at most BODY_BYTES: imports do not take all";
    IMPORTS: usize = 2,
        "imports read and written at a time: others wait within REQUEST_TIMEOUT";
    LARGE_READS: usize = 2,
        "lists of more than LARGE_READ_TASKS, and pages of exports, read at a time: others wait within REQUEST_TIMEOUT, so that connections to the database are left for small requests";
    LARGE_READ_TASKS: u32 = 100,
        "tasks that a list may have before it counts among LARGE_READS";
    ANSWERS_TOTAL_BYTES: usize = 16_777_216,
        "of large answers that wait for their clients, all together: the connections that have waited longest are reset";
    EVICTABLE_MILLISECONDS: u64 = 250,
        "that a client may always take for its next byte, before it can be the one that makes room";
    DRAIN_SECONDS: u64 = 1,
        "for what is left of a refused request's body after the answer, so that the client reads that: then hung up on";
    DRAIN_BYTES: usize = 33_554_432,
        "of what is left of a refused request's body: then hung up on";
    LAST_CALL_MILLISECONDS: u64 = 300,
        "that idle connections stay open after a shutdown has begun, for requests that are on their way";
}
