//! Every limit and every wait of the store, in one place.

use std::time::Duration;

/// Jobs that one transaction may commit together.
pub(super) const BATCH_JOBS_MAX: usize = 128;
/// Operations that one transaction may commit together; a single request with more is a batch by itself.
pub(super) const BATCH_OPERATIONS_MAX: usize = 512;
/// Tasks that one query may look up together.
pub(super) const LOOKUP_TASKS_MAX: usize = 256;
/// Jobs that may wait for a writer or a reader; more are refused at once.
pub(super) const QUEUE_JOBS_MAX: usize = 4_096;
/// How often a transaction is tried that the server rolled back for the sake of another (SQLSTATE class 40).
pub(super) const TRANSACTION_ATTEMPTS_MAX: u32 = 5;

/// A connection that was not used for so long is asked whether it still answers before it is used again: servers,
/// proxies and firewalls close idle connections without a word. Short, because a write that meets a dead connection may
/// not be tried again; connections in steady use never rest for so long.
pub(super) const PROVE_AFTER_IDLE: Duration = Duration::from_millis(100);
/// Longest wait for that answer, before another connection is taken.
pub(super) const PROOF_TIMEOUT: Duration = Duration::from_secs(1);
/// How long a statement may go on after its request is gone, before it is cancelled: most end within this time, and
/// a cancelled statement costs its connection.
pub(super) const CANCEL_GRACE: Duration = Duration::from_millis(100);
/// Longest wait for a cancelled statement to end.
pub(super) const CANCEL_TIMEOUT: Duration = Duration::from_secs(1);
/// Longest wait for a goodbye to the server.
pub(super) const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
/// Longest wait for all connections to come back, while nobody gets one.
pub(super) const PAUSE_TIMEOUT: Duration = Duration::from_millis(500);
/// Pause before a server that refuses connections is tried again, at first and at most.
pub(super) const RECONNECT_PAUSE: (Duration, Duration) =
    (Duration::from_millis(20), Duration::from_millis(200));
/// How often idle connections are looked at, to close those that are too old or idle for too long.
pub(super) const SWEEP_INTERVAL: Duration = Duration::from_secs(15);
/// How often SQLite asks whether a statement is to go on, in instructions of its virtual machine.
pub(super) const INTERRUPT_CHECK_INSTRUCTIONS: i32 = 2_000;
