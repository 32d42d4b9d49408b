//! Asking a person before something is lost: only `yes` is a yes.

use std::io::{IsTerminal, Write as _, stderr, stdin};

use tokio_util::sync::CancellationToken;

/// What is said where nobody can be asked.
pub(super) const NOBODY_THERE: &str =
    "nobody can be asked here: repeat with --yes to do it all the same; nothing was changed";
/// What is said after any other answer than yes.
pub(super) const NOT_CONFIRMED: &str = "not confirmed; nothing was changed";

/// What came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Yes,
    No,
    /// There is no terminal.
    NobodyThere,
}

/// Asks at the terminal. A stop is a no.
pub(super) async fn ask(stop: &CancellationToken) -> anyhow::Result<Answer> {
    if !stdin().is_terminal() || !stderr().is_terminal() {
        return Ok(Answer::NobodyThere);
    }
    eprint!("Type yes to go on: ");
    stderr().flush()?;
    // On a thread of its own: a person who is asked may also press Ctrl-C.
    let reading = tokio::task::spawn_blocking(|| {
        let mut answer = String::new();
        stdin().read_line(&mut answer).map(|_| answer)
    });
    let answer = tokio::select! {
        answer = reading => answer??,
        () = stop.cancelled() => String::new(),
    };
    Ok(if answer.trim() == "yes" { Answer::Yes } else { Answer::No })
}
