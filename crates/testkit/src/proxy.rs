//! A TCP proxy on this machine that delays, holds back and cuts what passes.

use std::io::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use crate::server::free_port;

/// Chunks under way in one direction of a connection.
const CHUNKS_MAX: usize = 64;
const CHUNK_BYTES: usize = 16 * 1024;

/// Ends with the value: its connections are reset.
#[derive(Debug)]
pub struct Proxy {
    /// The port that it listens on.
    pub port: u16,
    shared: Arc<Shared>,
    accept: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    target: u16,
    delay_us: AtomicU64,
    /// Whether bytes pass.
    flows: watch::Sender<bool>,
    /// Connections made before the newest number are reset.
    cuts: watch::Sender<u64>,
}

impl Proxy {
    /// Listens, and forwards to a port of this machine; every byte takes `delay` each way.
    ///
    /// # Panics
    ///
    /// When it cannot listen.
    pub async fn start(target: u16, delay: Duration) -> Self {
        let port = free_port();
        let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("a free port");
        let shared = Arc::new(Shared {
            target,
            delay_us: AtomicU64::new(0),
            flows: watch::Sender::new(true),
            cuts: watch::Sender::new(0),
        });
        let accept = tokio::spawn(accept(listener, Arc::clone(&shared)));
        let proxy = Self { port, shared, accept };
        proxy.delay(delay);
        proxy
    }

    /// Changes the delay of each way, for what comes from now on.
    pub fn delay(&self, delay: Duration) {
        let delay = u64::try_from(delay.as_micros()).unwrap_or(u64::MAX);
        self.shared.delay_us.store(delay, Ordering::Relaxed);
    }

    /// Resets every connection; new ones are taken.
    pub fn cut(&self) {
        self.shared.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Lets nothing pass until [`Proxy::resume`]; connections stay open and are taken.
    pub fn hold(&self) {
        self.shared.flows.send_replace(false);
    }

    /// Lets what was held back pass.
    pub fn resume(&self) {
        self.shared.flows.send_replace(true);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accept.abort();
        self.cut();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let Ok((client, _)) = listener.accept().await else { continue };
        let mut cuts = shared.cuts.subscribe();
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            tokio::select! {
                // Dropping both sockets resets them.
                _ = cuts.changed() => {}
                _ = forward(client, &shared) => {}
            }
        });
    }
}

/// Until both directions have ended, or one of them is broken.
async fn forward(client: TcpStream, shared: &Arc<Shared>) -> Result<(), Error> {
    client.set_zero_linger()?;
    client.set_nodelay(true)?;
    let server = TcpStream::connect(("127.0.0.1", shared.target)).await?;
    server.set_zero_linger()?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let up = pump(from_client, to_server, shared);
    let down = pump(from_server, to_client, shared);
    tokio::try_join!(up, down).map(|_| ())
}

async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    shared: &Shared,
) -> Result<(), Error> {
    let (sender, mut chunks) = mpsc::channel::<(Instant, Vec<u8>)>(CHUNKS_MAX);
    let read = async move {
        let mut buffer = vec![0; CHUNK_BYTES];
        loop {
            let length = from.read(&mut buffer).await?;
            let due =
                Instant::now() + Duration::from_micros(shared.delay_us.load(Ordering::Relaxed));
            // An empty chunk is the end, which takes its time too.
            if sender.send((due, buffer[..length].to_vec())).await.is_err() || length == 0 {
                return Ok(());
            }
        }
    };
    let mut flows = shared.flows.subscribe();
    let write = async move {
        while let Some((due, chunk)) = chunks.recv().await {
            sleep_until(due).await;
            let _ = flows.wait_for(|flows| *flows).await;
            if chunk.is_empty() {
                return to.shutdown().await;
            }
            to.write_all(&chunk).await?;
        }
        Ok(())
    };
    tokio::try_join!(read, write).map(|_| ())
}
