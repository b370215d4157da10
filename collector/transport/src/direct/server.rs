//! The analyzer's end of direct connections: each one's messages go to the hub, its commits come back.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::codec::{FramedRead, FramedWrite, LengthDelimitedCodec};
use tokio_util::task::AbortOnDropHandle;
use weft_settings::Address;

use super::codec::{self, Message, NO_ACK};
use super::in_process::{Ack, Hub};
use crate::TransportError;
use crate::stats::{add, sub};
use crate::throttle::Throttle;

/// A client says something at least this often.
const SILENCE: Duration = Duration::from_secs(30);
/// The server does so too, so that a client tells a slow analyzer from a dead one.
const HEARTBEAT: Duration = Duration::from_secs(5);
const HELLO_WITHIN: Duration = Duration::from_secs(5);

type Reader = FramedRead<OwnedReadHalf, LengthDelimitedCodec>;
type Writer = FramedWrite<OwnedWriteHalf, LengthDelimitedCodec>;

/// Listens until dropped; then all its connections are closed.
pub struct DirectServer {
    local_addr: SocketAddr,
    _accepting: AbortOnDropHandle<()>,
}

impl DirectServer {
    /// Listens on `host:port`; port 0 lets the system choose.
    pub async fn bind(addr: &str, hub: Arc<Hub>) -> Result<DirectServer, TransportError> {
        let failed = |source| TransportError::Io { addr: addr.to_owned(), action: "cannot listen", source };
        let bound = async {
            let address: Address = addr.parse().map_err(io::Error::other)?;
            TcpListener::bind(&*address.socket_addrs()?).await
        };
        let listener = bound.await.map_err(failed)?;
        let local_addr = listener.local_addr().map_err(failed)?;
        let accepting = AbortOnDropHandle::new(tokio::spawn(accept(listener, hub)));
        Ok(DirectServer { local_addr, _accepting: accepting })
    }

    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }
}

/// Dropping this future drops the set and thereby every connection.
async fn accept(listener: TcpListener, hub: Arc<Hub>) {
    let places = Arc::new(Semaphore::new(hub.limits().connections));
    let complaint = Arc::new(Throttle::default());
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, or a connection gone before it was taken: neither ends the listener.
                complain(&complaint, &format!("cannot accept: {error}"));
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            add(&hub.counters.refused, 1);
            complain(&complaint, &format!("{peer} refused: {} connections are open", hub.limits().connections));
            continue;
        };
        let (hub, complaint) = (Arc::clone(&hub), Arc::clone(&complaint));
        connections.spawn(async move {
            let _place = place;
            serve(stream, peer, hub, complaint).await;
        });
    }
}

fn complain(throttle: &Throttle, what: &str) {
    if let Some(suppressed) = throttle.admit() {
        tracing::warn!(suppressed, "direct transport: {what}");
    }
}

async fn serve(stream: TcpStream, peer: SocketAddr, hub: Arc<Hub>, complaint: Arc<Throttle>) {
    let open = Open::new(&hub);
    let ended = converse(stream, &hub).await;
    drop(open);
    match ended {
        Ended::Closed => tracing::debug!(%peer, "direct connection closed"),
        Ended::Lost(error) => tracing::info!(%peer, %error, "direct connection lost"),
        Ended::Wrong(reason) => {
            add(&hub.counters.protocol_errors, 1);
            complain(&complaint, &format!("connection from {peer} closed: {reason}"));
        }
    }
}

/// Counts a connection while it lives, also when its task is aborted.
struct Open<'a>(&'a Hub);

impl<'a> Open<'a> {
    fn new(hub: &'a Hub) -> Self {
        add(&hub.counters.connections, 1);
        Open(hub)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        sub(&self.0.counters.connections, 1);
        add(&self.0.counters.disconnects, 1);
    }
}

/// How a connection came to its end.
enum Ended {
    Closed,
    Lost(io::Error),
    /// What it sent was not this protocol.
    Wrong(String),
}

impl From<io::Error> for Ended {
    fn from(error: io::Error) -> Self {
        // The framing says so of a length over the limit.
        if error.kind() == io::ErrorKind::InvalidData { Ended::Wrong(error.to_string()) } else { Ended::Lost(error) }
    }
}

async fn converse(stream: TcpStream, hub: &Hub) -> Ended {
    if let Err(error) = stream.set_nodelay(true) {
        return error.into();
    }
    let (read, write) = stream.into_split();
    let max = hub.limits().max_message_bytes;
    let mut reader = FramedRead::new(read, codec::framing(0));
    let mut writer = FramedWrite::new(write, codec::framing(max));
    if let Err(ended) = greet(&mut reader, &mut writer, max).await {
        return part(writer, ended).await;
    }
    reader.decoder_mut().set_max_frame_length(codec::frame_limit(max));
    let (acked, acks) = watch::channel(NO_ACK);
    let ended = tokio::select! {
        ended = receive(&mut reader, hub, acked) => ended,
        ended = acknowledge(&mut writer, acks) => ended,
    };
    part(writer, ended).await
}

/// Tells the other side why, when it was at fault; it may not listen.
async fn part(mut writer: Writer, ended: Ended) -> Ended {
    if let Ended::Wrong(reason) = &ended {
        let bye = Message::Bye { reason: reason.clone() }.encode();
        drop(timeout(HELLO_WITHIN, writer.send(bye)).await);
    }
    ended
}

async fn greet(reader: &mut Reader, writer: &mut Writer, max: usize) -> Result<(), Ended> {
    let wrong = |reason: &str| Ended::Wrong(reason.to_owned());
    let first = timeout(HELLO_WITHIN, reader.next()).await.map_err(|_| wrong("no hello in time"))?;
    let Some(first) = first else { return Err(Ended::Closed) };
    match Message::decode(first?.freeze()).map_err(wrong)? {
        Message::Hello { version: codec::VERSION, name, .. } => tracing::debug!(name, "direct connection"),
        Message::Hello { version, .. } => {
            let ours = codec::VERSION;
            return Err(Ended::Wrong(format!(
                "protocol version {version}, this side speaks {ours}; update the older one"
            )));
        }
        _ => return Err(wrong("no weft hello")),
    }
    let max_payload = u32::try_from(max).unwrap_or(u32::MAX);
    let hello = Message::Hello { version: codec::VERSION, max_payload, name: String::new() };
    Ok(writer.send(hello.encode()).await?)
}

/// While the hub is full this reads nothing, and TCP stops the sender.
async fn receive(reader: &mut Reader, hub: &Hub, acked: watch::Sender<u64>) -> Ended {
    loop {
        let bytes = match timeout(SILENCE, reader.next()).await {
            Err(_) => return Ended::Lost(io::ErrorKind::TimedOut.into()),
            Ok(None) => return Ended::Closed,
            Ok(Some(Err(error))) => return error.into(),
            Ok(Some(Ok(bytes))) => bytes.freeze(),
        };
        if let Err(ended) = take_in(bytes, hub, &acked).await {
            return ended;
        }
    }
}

async fn take_in(bytes: Bytes, hub: &Hub, acked: &watch::Sender<u64>) -> Result<(), Ended> {
    match Message::decode(bytes) {
        Ok(Message::Data { sequence, topic, key, payload }) => {
            let ack = Ack::Connection { acked: acked.clone(), sequence };
            hub.push(topic, key, payload, ack).await.map_err(|error| Ended::Wrong(error.to_string()))
        }
        Ok(Message::Ping) => Ok(()),
        Ok(Message::Bye { .. }) => Err(Ended::Closed),
        Ok(_) => Err(Ended::Wrong("a message only the server sends".into())),
        Err(reason) => Err(Ended::Wrong(reason.into())),
    }
}

/// Tells the latest commit as it moves, and at least every heartbeat.
async fn acknowledge(writer: &mut Writer, mut acks: watch::Receiver<u64>) -> Ended {
    loop {
        let sequence = *acks.borrow_and_update();
        if let Err(error) = writer.send(Message::Ack { sequence }.encode()).await {
            return error.into();
        }
        // A closed channel means that the reading half ended; `select!` above then sees that.
        drop(timeout(HEARTBEAT, acks.changed()).await);
    }
}
