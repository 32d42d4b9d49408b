//! Stopping in two stages: the first signal asks for a clean end, the second for an immediate one.
//!
//! Says when to stop; how long a clean end may take is the application's concern.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Whether the process is to stop; clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    draining: CancellationToken,
    now: CancellationToken,
}

impl Shutdown {
    /// Listens for SIGTERM and SIGINT from now on, and outlives SIGXFSZ; must be called within a Tokio runtime.
    ///
    /// # Errors
    ///
    /// What the operating system says when a signal cannot be listened for.
    pub fn from_signals() -> io::Result<Self> {
        let shutdown = Self::manual();
        let terminate = signal(SignalKind::terminate())?;
        let interrupt = signal(SignalKind::interrupt())?;
        // Handled in whatever way, a file that reaches RLIMIT_FSIZE is a write that fails, and not the end of the process.
        drop(signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()))?);
        tokio::spawn(shutdown.clone().listen(terminate, interrupt));
        Ok(shutdown)
    }

    /// Stops only when [`trigger`](Self::trigger) or [`force`](Self::force) is called.
    #[must_use]
    pub fn manual() -> Self {
        Self::default()
    }

    /// Asks for a clean end: take no more work, finish what is under way.
    pub fn trigger(&self) {
        self.draining.cancel();
    }

    /// Asks for an immediate end: drop what is under way.
    pub fn force(&self) {
        self.draining.cancel();
        self.now.cancel();
    }

    /// Waits until a clean end is asked for.
    pub async fn draining(&self) {
        self.draining.cancelled().await;
    }

    /// Cancelled when a clean end is asked for, for layers that know nothing of this one.
    #[must_use]
    pub fn draining_token(&self) -> CancellationToken {
        self.draining.clone()
    }

    /// Whether a clean end has been asked for.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.draining.is_cancelled()
    }

    /// Waits until an immediate end is asked for.
    pub async fn forced(&self) {
        self.now.cancelled().await;
    }

    /// Whether an immediate end has been asked for.
    #[must_use]
    pub fn is_forced(&self) -> bool {
        self.now.is_cancelled()
    }

    async fn listen(self, mut terminate: Signal, mut interrupt: Signal) {
        while !self.is_forced() {
            let name = tokio::select! {
                _ = terminate.recv() => "SIGTERM",
                _ = interrupt.recv() => "SIGINT",
                () = self.forced() => return,
            };
            if self.is_draining() {
                tracing::warn!(signal = name, "second signal, stopping at once");
                self.force();
            } else {
                tracing::info!(signal = name, "shutting down");
                self.trigger();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    const SOON: Duration = Duration::from_secs(5);

    fn kill(name: &str) {
        let process = std::process::id().to_string();
        let status = Command::new("sh").args(["-c", &format!("kill -{name} {process}")]).status();
        assert!(status.expect("a shell").success());
    }

    #[tokio::test]
    async fn the_first_signal_drains_and_the_second_forces() {
        let shutdown = Shutdown::from_signals().expect("signals");
        let clone = shutdown.clone();
        assert!(!clone.is_draining());
        kill("TERM");
        timeout(SOON, clone.draining()).await.expect("draining");
        assert!(!clone.is_forced());
        kill("INT");
        timeout(SOON, clone.forced()).await.expect("forced");
    }

    #[tokio::test]
    async fn stops_by_hand() {
        let shutdown = Shutdown::manual();
        shutdown.trigger();
        shutdown.trigger();
        shutdown.draining().await;
        assert!(shutdown.is_draining() && !shutdown.is_forced());
        let shutdown = Shutdown::manual();
        shutdown.force();
        shutdown.forced().await;
        assert!(shutdown.is_draining() && shutdown.is_forced());
    }
}
