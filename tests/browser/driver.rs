//! `ChromeDriver` as a child process, one for each test: a free port, a temporary profile, and an end with the test.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use testkit::{WITHIN, until};

/// Ports that are tried.
const PORTS_MAX: usize = 10;

/// A running `ChromeDriver`. It and every browser that it started are killed when the value is dropped.
#[derive(Debug)]
pub(crate) struct Driver {
    child: Child,
    port: u16,
    folder: TempDir,
}

impl Driver {
    /// Starts `ChromeDriver` and waits until it listens. It takes a port that is free for IPv4, and ends when another
    /// process has that one for IPv6.
    pub(crate) async fn start() -> Self {
        let mut said = String::new();
        for _ in 0..PORTS_MAX {
            match Self::try_start().await {
                Ok(driver) => return driver,
                Err(error) if error.contains("Address already in use") => said = error,
                Err(error) => panic!("{error}"),
            }
        }
        panic!("{said}");
    }

    async fn try_start() -> Result<Self, String> {
        let folder = TempDir::new().expect("a temp folder");
        let said = folder.path().join("driver.log");
        let log = File::create(&said).expect("a log file");
        let program = program("TEST_CHROMEDRIVER");
        let mut child = Command::new(&program)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stderr(log.try_clone().expect("a second handle"))
            .stdout(log)
            // A group of its own: the browsers are in it too, and end with it.
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("{} does not start: {error}", program.display()));
        let port = until("ChromeDriver to listen", WITHIN, async || {
            let said = std::fs::read_to_string(&said).unwrap_or_default();
            if let Some(status) = child.try_wait().expect("a child") {
                return Some(Err(format!("ChromeDriver ended ({status}):\n{said}")));
            }
            let (_, rest) = said.split_once("started successfully on port ")?;
            rest.split_once('.')?.0.parse().ok().map(Ok)
        })
        .await?;
        Ok(Self { child, port, folder })
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What a browser is asked to be: without a screen, alone in its profile, and silent towards the network.
    pub(crate) fn capabilities(&self, languages: &str) -> Value {
        let profile = self.folder.path().join("profile");
        let mut arguments = vec![
            "--headless=new".to_owned(),
            format!("--user-data-dir={}", profile.display()),
            format!("--lang={}", languages.split(',').next().unwrap_or("en")),
            "--window-size=1280,900".into(),
            "--force-device-scale-factor=1".into(),
            "--hide-scrollbars".into(),
            "--disable-dev-shm-usage".into(),
            "--disable-background-networking".into(),
            "--disable-component-update".into(),
            "--disable-search-engine-choice-screen".into(),
            "--no-default-browser-check".into(),
            "--no-first-run".into(),
            "--no-proxy-server".into(),
        ];
        if is_root(self.folder.path()) {
            // Chromium refuses its sandbox to root, and to start without one unless told.
            arguments.push("--no-sandbox".into());
        }
        json!({
            "browserName": "chrome",
            "goog:chromeOptions": {
                "binary": program("TEST_CHROMIUM"),
                "args": arguments,
                "prefs": {
                    "intl.accept_languages": languages,
                    // An empty first page: the browser's own is a program in itself.
                    "session": {"restore_on_startup": 4, "startup_urls": ["about:blank"]},
                },
                "perfLoggingPrefs": {"enableNetwork": true, "enablePage": false},
            },
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        })
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let kill = format!("kill -s KILL -- -{} 2>/dev/null", self.child.id());
        let _ = Command::new("sh").args(["-c", &kill]).status();
        let _ = self.child.wait();
    }
}

fn program(variable: &str) -> PathBuf {
    let given = std::env::var_os(variable).filter(|path| !path.is_empty());
    given.map_or_else(
        || panic!("{variable} is not set: run `make test`, which finds or installs a browser"),
        PathBuf::from,
    )
}

/// Whether what this process makes belongs to root.
fn is_root(made: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(made).expect("a folder").uid() == 0
}
