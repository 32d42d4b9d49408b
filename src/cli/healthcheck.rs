//! `taskmanager healthcheck`: a probe for containers that have no HTTP client of their own.
//!
//! Speaks plain HTTP only, and reads no setting but where the service listens.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, HOST, USER_AGENT};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::{Host, Url};

use crate::config::{ConfigErrors, Listen, host_port};

/// Longest wait for the whole answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Ask a running instance whether it is ready; exit 0 when it is, else 1
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[arg(long, value_name = "URL", help = "What to ask [default: http://HOST:PORT/health/ready]")]
    url: Option<String>,
}

impl Args {
    /// `listen` is only called when no URL was given.
    pub(super) async fn run(
        self,
        listen: impl FnOnce() -> Result<Listen, ConfigErrors>,
    ) -> anyhow::Result<ExitCode> {
        let text = match self.url {
            Some(text) => text,
            None => ready_url(&listen()?)?,
        };
        let shown = shown(&text);
        let status = match timeout(CONNECT_TIMEOUT, get(&text)).await {
            Ok(answer) => answer.with_context(|| shown.clone())?,
            Err(_) => bail!("{shown}: no answer within {} s", CONNECT_TIMEOUT.as_secs()),
        };
        ensure!(status == StatusCode::OK, "{shown}: {status}");
        Ok(ExitCode::SUCCESS)
    }
}

/// The URL for a message: without what stands before an `@`, which may be a password.
fn shown(text: &str) -> String {
    match (text.find("://"), text.rfind('@')) {
        (Some(scheme), Some(at)) if scheme < at => {
            format!("{}***{}", &text[..scheme + 3], &text[at..])
        }
        _ => text.to_owned(),
    }
}

/// The address of the readiness probe of an instance that listens there on this machine.
fn ready_url(listen: &Listen) -> anyhow::Result<String> {
    ensure!(listen.port != 0, "the port is 0, any free one: name the instance with --url");
    let host = match listen.host.as_str() {
        "0.0.0.0" => "127.0.0.1",
        "::" => "::1",
        host => host,
    };
    Ok(format!("http://{}/health/ready", host_port(host, listen.port)))
}

async fn get(text: &str) -> anyhow::Result<StatusCode> {
    let url = Url::parse(text)?;
    ensure!(url.scheme() == "http", "only http:// is spoken");
    let host = match url.host().context("no host")? {
        Host::Domain(name) => name.to_owned(),
        Host::Ipv4(address) => address.to_string(),
        Host::Ipv6(address) => address.to_string(),
    };
    let port = url.port_or_known_default().context("no port")?;
    let stream = TcpStream::connect((host.as_str(), port)).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let request = Request::get(target)
        .header(HOST, host_port(&host, port))
        .header(USER_AGENT, concat!("taskmanager-healthcheck/", env!("CARGO_PKG_VERSION")))
        .header(CONNECTION, "close")
        .body(Empty::<Bytes>::new())?;
    Ok(sender.send_request(request).await?.status())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    fn listen(host: &str, port: u16) -> Listen {
        Listen { host: host.to_owned(), port }
    }

    #[rstest]
    #[case("0.0.0.0", "http://127.0.0.1:81/health/ready")]
    #[case("::", "http://[::1]:81/health/ready")]
    #[case("::1", "http://[::1]:81/health/ready")]
    #[case("app.internal", "http://app.internal:81/health/ready")]
    fn asks_where_the_instance_listens(#[case] host: &str, #[case] url: &str) {
        assert_eq!(ready_url(&listen(host, 81)).expect("a URL"), url);
    }

    #[test]
    fn cannot_guess_a_free_port() {
        assert!(ready_url(&listen("::", 0)).is_err());
    }

    /// Answers one request with `answer` and returns what was asked.
    async fn probe(answer: &'static str) -> (anyhow::Result<ExitCode>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let mut asked = vec![0; 4096];
            let length = stream.read(&mut asked).await.expect("a request");
            stream.write_all(answer.as_bytes()).await.expect("an answer");
            String::from_utf8_lossy(&asked[..length]).into_owned()
        });
        let result = Args { url: None }.run(|| Ok(listen("0.0.0.0", port))).await;
        let asked = server.await.expect("a server");
        assert!(asked.contains(&format!("\r\nhost: 127.0.0.1:{port}\r\n")), "{asked}");
        (result, asked)
    }

    #[tokio::test]
    async fn ready_is_success() {
        let (result, asked) = probe("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
        assert_eq!(result.expect("ready"), ExitCode::SUCCESS);
        assert!(asked.starts_with("GET /health/ready HTTP/1.1\r\n"), "{asked}");
    }

    #[rstest]
    #[case("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n", "503")]
    #[case("HTTP/1.1 204 No Content\r\n\r\n", "204")]
    #[case("what?\r\n\r\n", "invalid HTTP version")]
    #[case("", "connection closed")]
    #[tokio::test]
    async fn anything_else_is_said_in_one_line(#[case] answer: &'static str, #[case] words: &str) {
        let (result, _) = probe(answer).await;
        let line = format!("{:#}", result.expect_err("not ready"));
        assert!(line.starts_with("http://127.0.0.1:"), "{line}");
        assert!(line.contains(words) && !line.contains('\n'), "{line}");
    }

    #[tokio::test]
    async fn a_url_is_asked_as_it_stands() {
        let args = Args { url: Some("https://localhost/".to_owned()) };
        let error = args.run(|| panic!("not asked for")).await.expect_err("a refusal");
        assert_eq!(format!("{error:#}"), "https://localhost/: only http:// is spoken");
    }
}
