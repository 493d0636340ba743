//! A TCP proxy in the test process, between a client and a server: it cuts, refuses, stalls and delays.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc as commands, watch};
use tokio::task::JoinSet;

/// How long another may use the port of a proxy that listens again.
const RETURN: Duration = Duration::from_secs(10);

/// What happens to the bytes of every connection.
#[derive(Clone, Copy, Debug, Default)]
struct Weather {
    stalled: bool,
    delay: Duration,
    /// Counts the cuts: whoever sees it change ends its connection.
    cuts: u64,
}

/// What the proxy is told, and by what it says that it is so.
struct Order {
    change: fn(&mut Weather, Duration),
    delay: Duration,
    cuts: bool,
    accepts: bool,
    done: mpsc::Sender<()>,
}

/// A proxy to one address, on a thread of its own. It ends with its last use.
///
/// Each order holds as soon as the call returns.
pub struct Proxy {
    address: SocketAddr,
    requests: Arc<AtomicU64>,
    orders: Option<commands::UnboundedSender<Order>>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    pub fn to(server: SocketAddr) -> Self {
        let (orders, received) = commands::unbounded_channel();
        let (started, address) = mpsc::channel();
        let requests = Arc::new(AtomicU64::new(0));
        let counter = requests.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime can be made").block_on(async move {
                let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port is free");
                let address = listener.local_addr().expect("it listens");
                started.send(address).expect("the test waits");
                let link = Link { server, requests: counter, weather: watch::Sender::default() };
                link.serve(address, listener, received).await;
            });
        });
        let address = address.recv().expect("the proxy starts");
        Self { address, requests, orders: Some(orders), thread: Some(thread) }
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets everything through at once, from now on.
    pub fn pass(&self) {
        self.order(
            |weather, _| (weather.stalled, weather.delay) = (false, Duration::ZERO),
            Duration::ZERO,
            false,
            true,
        );
    }

    /// Resets all connections; new ones are accepted.
    pub fn cut(&self) {
        self.order(|_, _| {}, Duration::ZERO, true, true);
    }

    /// Resets all connections and refuses new ones, until [`Proxy::pass`].
    pub fn refuse(&self) {
        self.order(|_, _| {}, Duration::ZERO, true, false);
    }

    /// Moves no byte, until [`Proxy::pass`]. Connections are accepted, but not made to the server until then.
    pub fn stall(&self) {
        self.order(|weather, _| weather.stalled = true, Duration::ZERO, false, true);
    }

    /// Moves each chunk this much later, in both directions, until [`Proxy::pass`].
    pub fn delay(&self, delay: Duration) {
        self.order(|weather, delay| weather.delay = delay, delay, false, true);
    }

    /// How many requests clients have sent, over all connections since the start: bytes of a client count one if they
    /// are its first, or the server has sent some since. What is sent in one go counts one, so this counts round trips.
    /// Greetings and heartbeats count as well: compare the number before and after.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::SeqCst)
    }

    fn order(&self, change: fn(&mut Weather, Duration), delay: Duration, cuts: bool, accepts: bool) {
        let (done, held) = mpsc::channel();
        let orders = self.orders.as_ref().expect("it takes orders until it is dropped");
        let sent = orders.send(Order { change, delay, cuts, accepts, done });
        assert!(sent.is_ok() && held.recv().is_ok(), "the proxy runs");
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(ended.is_ok() || std::thread::panicking(), "the proxy ends without a panic");
        }
    }
}

/// What the connections of a proxy have in common.
struct Link {
    server: SocketAddr,
    requests: Arc<AtomicU64>,
    weather: watch::Sender<Weather>,
}

impl Link {
    /// Accepts and obeys until nobody gives orders any more.
    async fn serve(&self, address: SocketAddr, listener: TcpListener, mut orders: commands::UnboundedReceiver<Order>) {
        let mut listener = Some(listener);
        let mut connections = JoinSet::new();
        loop {
            let accept = async {
                match &listener {
                    Some(listener) => listener.accept().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                order = orders.recv() => {
                    let Some(order) = order else { break };
                    if !order.accepts {
                        listener = None;
                    } else if listener.is_none() {
                        listener = Some(listen_again(address).await);
                    }
                    self.weather.send_modify(|weather| {
                        (order.change)(weather, order.delay);
                        weather.cuts += u64::from(order.cuts);
                    });
                    while order.cuts && connections.join_next().await.is_some() {}
                    let _ = order.done.send(());
                }
                Ok((client, _)) = accept => {
                    let connection = Connection {
                        requests: self.requests.clone(),
                        weather: self.weather.subscribe(),
                        server_spoke: AtomicBool::new(true),
                    };
                    connections.spawn(connection.run(client, self.server));
                }
                Some(_) = connections.join_next() => {}
            }
        }
    }
}

/// Listens again at the port that was given up, which the kernel may have lent to a client's connection meanwhile.
async fn listen_again(address: SocketAddr) -> TcpListener {
    let until = Instant::now() + RETURN;
    loop {
        match TcpListener::bind(address).await {
            Ok(listener) => return listener,
            Err(error) if error.kind() == ErrorKind::AddrInUse && Instant::now() < until => {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            Err(error) => panic!("the proxy's port {address} cannot be had again: {error}"),
        }
    }
}

struct Connection {
    requests: Arc<AtomicU64>,
    weather: watch::Receiver<Weather>,
    /// Whether the next bytes of the client are a new request.
    server_spoke: AtomicBool,
}

impl Connection {
    /// Carries bytes until both sides have ended, one fails, or all is cut.
    async fn run(self, mut client: TcpStream, server: SocketAddr) {
        let cuts = self.weather.borrow().cuts;
        let mut weather = self.weather.clone();
        let mut upstream = None;
        tokio::select! {
            _ = weather.wait_for(|weather| weather.cuts != cuts) => {}
            ended = self.carry(&mut client, &mut upstream, server) => if ended.is_ok() { return },
        }
        // A reset instead of an orderly end.
        let _ = client.set_zero_linger();
        if let Some(upstream) = upstream {
            let _ = upstream.set_zero_linger();
        }
    }

    async fn carry(
        &self,
        client: &mut TcpStream,
        upstream: &mut Option<TcpStream>,
        server: SocketAddr,
    ) -> std::io::Result<()> {
        self.calm().await;
        let upstream = upstream.insert(TcpStream::connect(server).await?);
        client.set_nodelay(true)?;
        upstream.set_nodelay(true)?;
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = upstream.split();
        tokio::try_join!(self.copy(from_client, to_server, true), self.copy(from_server, to_client, false))?;
        Ok(())
    }

    async fn copy(&self, mut from: ReadHalf<'_>, mut to: WriteHalf<'_>, upward: bool) -> std::io::Result<()> {
        let mut chunk = vec![0; 64 * 1024];
        loop {
            let length = from.read(&mut chunk).await?;
            if upward && length > 0 && self.server_spoke.swap(false, Ordering::SeqCst) {
                self.requests.fetch_add(1, Ordering::SeqCst);
            }
            let delay = self.weather.borrow().delay;
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            self.calm().await;
            if length == 0 {
                return to.shutdown().await;
            }
            if !upward {
                self.server_spoke.store(true, Ordering::SeqCst);
            }
            to.write_all(&chunk[..length]).await?;
        }
    }

    /// Waits until bytes move.
    async fn calm(&self) {
        let mut weather = self.weather.clone();
        let moving = weather.wait_for(|weather| !weather.stalled).await;
        moving.expect("the weather outlives its connections");
    }
}
