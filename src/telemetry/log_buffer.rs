//! Log lines on their way out: gathered in memory by those who log, and written by a thread of its own.
//!
//! A system call for each line took a third of a small request's time. A line waits at most [`WRITE_INTERVAL`], and not
//! at all when nothing was logged for as long, when it is a warning or an error, or after the end of buffering. Lines
//! are written whole, in their order; none is lost but by a process that is killed.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// Longest that a line waits for others.
const WRITE_INTERVAL: Duration = Duration::from_millis(50);
/// How much waits at most, in bytes: who logs more waits until it is written.
const WAITING_BYTES_MAX: usize = 1 << 20;

/// The lines that wait, and where they go; clones are the same.
#[derive(Clone)]
pub(super) struct LogBuffer(Arc<Shared>);

struct Shared {
    lines: Mutex<Lines>,
    /// There are lines again, after the thread found none.
    arrived: Condvar,
    /// Held while lines are taken and written, so that they keep their order.
    output: Mutex<Output>,
    unbuffered: AtomicBool,
}

#[derive(Default)]
struct Lines {
    bytes: Vec<u8>,
    thread_waits: bool,
}

struct Output {
    sink: Box<dyn Write + Send>,
    /// What was written last, for the next lines to be gathered in.
    spare: Vec<u8>,
}

impl LogBuffer {
    /// A buffer in front of `sink`, and the thread that empties it. Without a thread every line is written at once.
    pub(super) fn start(sink: impl Write + Send + 'static) -> Self {
        let output = Output { sink: Box::new(sink), spare: Vec::new() };
        let buffer = Self(Arc::new(Shared {
            lines: Mutex::default(),
            arrived: Condvar::new(),
            output: Mutex::new(output),
            unbuffered: AtomicBool::new(false),
        }));
        let emptied = buffer.clone();
        let thread = std::thread::Builder::new().name("log".to_owned());
        if thread.spawn(move || emptied.keep_empty()).is_err() {
            buffer.0.unbuffered.store(true, Ordering::Relaxed);
        }
        buffer
    }

    /// Writes what waits; lines that come later are written at once.
    pub(super) fn end(&self) {
        self.0.unbuffered.store(true, Ordering::Relaxed);
        self.flush();
    }

    fn append(&self, line: &[u8], urgent: bool) {
        let mut lines = self.lines();
        lines.bytes.extend_from_slice(line);
        let full = lines.bytes.len() >= WAITING_BYTES_MAX;
        let at_once = urgent || full || self.0.unbuffered.load(Ordering::Relaxed);
        // It goes on waiting unless it is woken.
        let wake = !at_once && std::mem::take(&mut lines.thread_waits);
        drop(lines);
        if at_once {
            self.flush();
        } else if wake {
            self.0.arrived.notify_one();
        }
    }

    fn flush(&self) {
        let mut output = self.0.output.lock().unwrap_or_else(PoisonError::into_inner);
        let spare = std::mem::take(&mut output.spare);
        let mut bytes = std::mem::replace(&mut self.lines().bytes, spare);
        // Nobody is left to be told that the log cannot be written.
        let _ = output.sink.write_all(&bytes).and_then(|()| output.sink.flush());
        bytes.clear();
        output.spare = bytes;
    }

    fn keep_empty(&self) {
        loop {
            let mut lines = self.lines();
            while lines.bytes.is_empty() {
                lines.thread_waits = true;
                lines = self.0.arrived.wait(lines).unwrap_or_else(PoisonError::into_inner);
            }
            drop(lines);
            self.flush();
            std::thread::sleep(WRITE_INTERVAL);
        }
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.0.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes one line, which is written to it in one piece.
pub(super) struct LineWriter<'a> {
    buffer: &'a LogBuffer,
    urgent: bool,
}

impl Write for LineWriter<'_> {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        self.buffer.append(line, self.urgent);
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for LogBuffer {
    type Writer = LineWriter<'a>;

    fn make_writer(&'a self) -> LineWriter<'a> {
        LineWriter { buffer: self, urgent: true }
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> LineWriter<'a> {
        LineWriter { buffer: self, urgent: *metadata.level() <= Level::WARN }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::time::Instant;

    use super::*;

    const WITHIN: Duration = Duration::from_secs(30);

    /// Hands each piece that is written to the test.
    struct Pieces(Sender<String>);

    impl Write for Pieces {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let text = String::from_utf8(bytes.to_vec()).expect("UTF-8");
            if !text.is_empty() {
                self.0.send(text).expect("a test that listens");
            }
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn buffer() -> (LogBuffer, Receiver<String>) {
        let (sender, receiver) = channel();
        (LogBuffer::start(Pieces(sender)), receiver)
    }

    #[test]
    fn a_line_alone_is_written_soon() {
        let (buffer, pieces) = buffer();
        for line in ["a\n", "b\n"] {
            buffer.append(line.as_bytes(), false);
            assert_eq!(pieces.recv_timeout(WITHIN).expect("the line"), line);
        }
    }

    #[test]
    fn an_urgent_line_is_written_before_its_writer_goes_on() {
        let (buffer, pieces) = buffer();
        buffer.append(b"first\n", false);
        buffer.append(b"second\n", false);
        buffer.append(b"urgent\n", true);
        let written: String = pieces.try_iter().collect();
        assert_eq!(written, "first\nsecond\nurgent\n");
        // The thread still hears of the next one.
        std::thread::sleep(2 * WRITE_INTERVAL);
        buffer.append(b"urgent\n", true);
        buffer.append(b"next\n", false);
        let mut written = String::new();
        while !written.ends_with("next\n") {
            written += &pieces.recv_timeout(WITHIN).expect("the next line");
        }
    }

    #[test]
    fn nothing_waits_after_the_end() {
        let (buffer, pieces) = buffer();
        for turn in 0..1_000 {
            buffer.append(format!("{turn}\n").as_bytes(), false);
        }
        buffer.end();
        let written: String = pieces.try_iter().collect();
        assert_eq!(written.lines().count(), 1_000);
        buffer.append(b"last\n", false);
        assert_eq!(pieces.try_iter().collect::<String>(), "last\n");
    }

    #[test]
    fn lines_of_many_threads_stay_whole_and_in_order() {
        let (buffer, pieces) = buffer();
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let buffer = &buffer;
                scope.spawn(move || {
                    for turn in 0..2_000 {
                        let line = format!("{thread} {turn}\n");
                        buffer.append(line.as_bytes(), turn % 500 == 0);
                    }
                });
            }
        });
        buffer.end();
        let written: String = pieces.try_iter().collect();
        let mut next = [0; 8];
        for line in written.lines() {
            let (thread, turn) = line.split_once(' ').expect("a whole line");
            let thread: usize = thread.parse().expect("a thread");
            assert_eq!(turn.parse(), Ok(next[thread]), "{line}");
            next[thread] += 1;
        }
        assert_eq!(next, [2_000; 8]);
    }

    /// Stands still until it is told to go on.
    struct Stuck(Receiver<()>, Arc<Mutex<usize>>);

    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let _ = self.0.recv();
            *self.1.lock().expect("a lock") += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn who_logs_faster_than_can_be_written_waits() {
        let (go, stuck) = channel();
        let written = Arc::new(Mutex::new(0));
        let buffer = LogBuffer::start(Stuck(stuck, Arc::clone(&written)));
        let line = vec![b'x'; 1_000];
        buffer.append(&line, false);
        let begun = Instant::now();
        // The thread has taken the first line, and stands still with it: from now on nobody writes.
        while !buffer.lines().bytes.is_empty() {
            assert!(begun.elapsed() < WITHIN, "the first line is taken");
            std::thread::sleep(Duration::from_millis(1));
        }
        let logging = std::thread::spawn({
            let buffer = buffer.clone();
            move || {
                for _ in 0..5_000 {
                    buffer.append(&line, false);
                }
            }
        });
        while buffer.lines().bytes.len() < WAITING_BYTES_MAX {
            assert!(begun.elapsed() < WITHIN, "the buffer fills");
            std::thread::sleep(Duration::from_millis(1));
        }
        assert!(!logging.is_finished());
        assert!(buffer.lines().bytes.len() < WAITING_BYTES_MAX + 1_000);
        drop(go);
        logging.join().expect("it goes on");
        buffer.end();
        assert_eq!(*written.lock().expect("a lock"), 5_001_000);
    }
}
