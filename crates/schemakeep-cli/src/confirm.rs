//! Asking a person before something is lost: only `yes` is a yes.

use std::io::{IsTerminal, Write as _, stderr, stdin};

use tokio_util::sync::CancellationToken;

/// What is said where nobody can be asked.
pub(super) const NOBODY_THERE: &str =
    "stdin is not a terminal; rerun with --yes to confirm. Nothing was changed.";
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
    let answer = answer("Type yes to go on: ", stop).await?;
    Ok(match answer.as_deref() {
        None => Answer::NobodyThere,
        Some("yes") => Answer::Yes,
        Some(_) => Answer::No,
    })
}

/// What is typed after a question, without the blanks around it; none where there is no terminal. A stop types nothing.
pub(super) async fn answer(
    question: &str,
    stop: &CancellationToken,
) -> anyhow::Result<Option<String>> {
    if !stdin().is_terminal() || !stderr().is_terminal() {
        return Ok(None);
    }
    eprint!("{question}");
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
    Ok(Some(answer.trim().to_owned()))
}
