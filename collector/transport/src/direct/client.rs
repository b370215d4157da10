//! The collector's end of a direct connection. It keeps what is not acknowledged and sends it again after a reconnect.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use backon::{BackoffBuilder, ExponentialBuilder};
use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::timeout;
use tokio_util::codec::{FramedRead, FramedWrite, LengthDelimitedCodec};
use tokio_util::task::AbortOnDropHandle;

use super::codec::{self, MAX_KEY_BYTES, Message, NO_ACK};
use crate::stats::{Counters, add};
use crate::{Health, Publisher, PublisherOptions, Topic, TransportError, TransportStats};

const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// The server speaks every 5 s; silent for this long, it is gone.
const SILENCE: Duration = Duration::from_secs(15);
const PING_EVERY: Duration = Duration::from_secs(5);
/// The semaphore over bytes counts units of this many.
const ROOM_UNIT: usize = 1024;
/// Collectors speaking through one connection whose inventory is told again after a reconnect.
const RETAINED_KEYS: usize = 65_536;

type Reader = FramedRead<OwnedReadHalf, LengthDelimitedCodec>;
type Writer = FramedWrite<OwnedWriteHalf, LengthDelimitedCodec>;

pub(crate) struct DirectPublisher {
    shared: Arc<Shared>,
    _connection: AbortOnDropHandle<()>,
}

struct Shared {
    addr: String,
    options: PublisherOptions,
    state: Mutex<State>,
    /// Something is to be sent.
    sendable: Notify,
    room: Arc<Semaphore>,
    room_bytes: Arc<Semaphore>,
    counters: Counters,
    health: Health,
}

#[derive(Default)]
struct State {
    /// Not acknowledged, in the order of their sequences; the first `sent` of them went over this connection.
    pending: VecDeque<Entry>,
    sent: usize,
    last_sequence: u64,
    /// The largest payload the server takes; known once it was reached.
    peer_max: Option<usize>,
    /// The latest acknowledged inventory of each key: a restarted server knows none.
    inventories: BTreeMap<String, Bytes>,
}

struct Entry {
    sequence: u64,
    /// Encoded.
    message: Bytes,
    done: oneshot::Sender<Result<(), TransportError>>,
    payload_bytes: usize,
    /// Key and payload, when it is one.
    inventory: Option<(String, Bytes)>,
    _room: (OwnedSemaphorePermit, OwnedSemaphorePermit),
}

impl State {
    fn retain(&mut self, key: String, payload: Bytes) {
        if self.inventories.len() < RETAINED_KEYS || self.inventories.contains_key(&key) {
            self.inventories.insert(key, payload);
        }
    }
}

impl DirectPublisher {
    pub fn new(addr: &str, options: &PublisherOptions) -> Self {
        let shared = Arc::new(Shared {
            addr: addr.to_owned(),
            options: options.clone(),
            state: Mutex::default(),
            sendable: Notify::new(),
            room: Arc::new(Semaphore::new(options.in_flight.max(1))),
            room_bytes: Arc::new(Semaphore::new(options.in_flight_bytes.div_ceil(ROOM_UNIT).max(1))),
            counters: Counters::default(),
            health: Health::connecting("analyzer", addr, "publisher"),
        });
        let connection = AbortOnDropHandle::new(tokio::spawn(keep_connected(Arc::clone(&shared))));
        DirectPublisher { shared, _connection: connection }
    }
}

#[async_trait]
impl Publisher for DirectPublisher {
    async fn publish(&self, topic: Topic, key: &str, payload: Bytes) -> Result<(), TransportError> {
        let published = self.shared.publish(topic, key, payload).await;
        if published.is_err() {
            add(&self.shared.counters.failed, 1);
        }
        published
    }

    fn stats(&self) -> TransportStats {
        let mut stats = self.shared.counters.snapshot();
        stats.in_flight = self.shared.lock().pending.len() as u64;
        stats
    }

    fn health(&self) -> Health {
        self.shared.health.clone()
    }
}

impl Shared {
    async fn publish(&self, topic: Topic, key: &str, payload: Bytes) -> Result<(), TransportError> {
        self.check(key, &payload)?;
        let room =
            timeout(self.options.timeout, self.admit(payload.len())).await.map_err(|_| TransportError::Full {
                peer: self.addr.clone(),
                in_flight: self.options.in_flight - self.room.available_permits(),
            })??;
        let acked = self.enqueue(topic, key, payload, room);
        match timeout(self.options.timeout, acked).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(TransportError::Closed),
            Err(_) => {
                Err(TransportError::Timeout { peer: self.addr.clone(), waited_s: self.options.timeout.as_secs() })
            }
        }
    }

    fn check(&self, key: &str, payload: &[u8]) -> Result<(), TransportError> {
        if key.len() > MAX_KEY_BYTES {
            return Err(TransportError::TooLarge { bytes: key.len(), max: MAX_KEY_BYTES });
        }
        let ours = self.options.topics.max_message_bytes;
        let max = self.lock().peer_max.map_or(ours, |theirs| theirs.min(ours));
        if payload.len() > max {
            return Err(TransportError::TooLarge { bytes: payload.len(), max });
        }
        Ok(())
    }

    async fn admit(&self, bytes: usize) -> Result<(OwnedSemaphorePermit, OwnedSemaphorePermit), TransportError> {
        // A message over the whole bound passes alone rather than never.
        let most = self.options.in_flight_bytes.div_ceil(ROOM_UNIT).max(1);
        let units = u32::try_from(bytes.div_ceil(ROOM_UNIT).clamp(1, most)).unwrap_or(u32::MAX);
        let closed = |_| TransportError::Closed;
        let one = Arc::clone(&self.room).acquire_owned().await.map_err(closed)?;
        let bytes = Arc::clone(&self.room_bytes).acquire_many_owned(units).await.map_err(closed)?;
        Ok((one, bytes))
    }

    fn enqueue(
        &self,
        topic: Topic,
        key: &str,
        payload: Bytes,
        room: (OwnedSemaphorePermit, OwnedSemaphorePermit),
    ) -> oneshot::Receiver<Result<(), TransportError>> {
        let (done, acked) = oneshot::channel();
        let mut state = self.lock();
        state.last_sequence += 1;
        let sequence = state.last_sequence;
        let message = codec::encode_data(sequence, topic, key, &payload);
        let payload_bytes = payload.len();
        let inventory = (topic == Topic::Inventory).then(|| (key.to_owned(), payload));
        state.pending.push_back(Entry { sequence, message, done, payload_bytes, inventory, _room: room });
        drop(state);
        self.sendable.notify_one();
        acked
    }

    /// The next messages that were not sent over this connection, at most 256 so that the lock is short.
    fn unsent(&self) -> Vec<Bytes> {
        let mut state = self.lock();
        let batch: Vec<Bytes> = state.pending.iter().skip(state.sent).take(256).map(|e| e.message.clone()).collect();
        state.sent += batch.len();
        batch
    }

    /// Everything up to `sequence` is safe on the far side.
    fn acknowledge(&self, sequence: u64) {
        let mut state = self.lock();
        let safe = state.pending.partition_point(|entry| entry.sequence <= sequence);
        let mut acked: Vec<Entry> = state.pending.drain(..safe).collect();
        state.sent = state.sent.saturating_sub(safe);
        acked
            .iter_mut()
            .filter_map(|entry| entry.inventory.take())
            .for_each(|(key, payload)| state.retain(key, payload));
        drop(state);
        for entry in acked {
            add(&self.counters.acknowledged, 1);
            add(&self.counters.acknowledged_bytes, entry.payload_bytes as u64);
            // A caller that gave up is not told.
            drop(entry.done.send(Ok(())));
        }
    }

    /// Fails what the server would close the connection for: sent again, it would do so for ever.
    fn limit(&self, max: usize) {
        let mut state = self.lock();
        state.peer_max = Some(max);
        let (fitting, over): (VecDeque<_>, VecDeque<_>) =
            std::mem::take(&mut state.pending).into_iter().partition(|entry| entry.payload_bytes <= max);
        state.pending = fitting;
        // A server restarted with a lower limit.
        state.inventories.retain(|_, payload| payload.len() <= max);
        drop(state);
        for entry in over {
            drop(entry.done.send(Err(TransportError::TooLarge { bytes: entry.payload_bytes, max })));
        }
    }

    /// Forgets what its caller gave up, and makes the rest unsent.
    fn rewind(&self) {
        let mut state = self.lock();
        add(&self.counters.resent, state.sent as u64);
        state.pending.retain(|entry| !entry.done.is_closed());
        state.sent = 0;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Connects, converses until the connection is lost, and begins again, for ever.
async fn keep_connected(shared: Arc<Shared>) {
    let backoff = ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(50))
        .with_max_delay(Duration::from_secs(3))
        .without_max_times()
        .with_jitter();
    let mut delays = backoff.build();
    loop {
        let mut greeted = false;
        let error = match converse(&shared, &mut greeted).await {
            Err(error) => error,
            Ok(never) => match never {},
        };
        shared.rewind();
        if greeted {
            delays = backoff.build();
            add(&shared.counters.disconnects, 1);
        }
        let waiting = shared.lock().pending.len();
        shared.health.gone(&format!("{error} ({waiting} messages wait)"));
        tokio::time::sleep(delays.next().unwrap_or(Duration::from_secs(3))).await;
    }
}

enum Never {}

async fn converse(shared: &Shared, greeted: &mut bool) -> io::Result<Never> {
    let late = |_| io::Error::from(io::ErrorKind::TimedOut);
    let stream = timeout(CONNECT_WITHIN, TcpStream::connect(&shared.addr)).await.map_err(late)??;
    stream.set_nodelay(true)?;
    let (read, write) = stream.into_split();
    let max = shared.options.topics.max_message_bytes;
    let mut reader = FramedRead::new(read, codec::framing(0));
    let mut writer = FramedWrite::new(write, codec::framing(max));
    let theirs = timeout(CONNECT_WITHIN, greet(&mut reader, &mut writer, shared)).await.map_err(late)??;
    shared.limit(theirs);
    *greeted = true;
    shared.health.reached();
    tracing::info!(addr = shared.addr, waiting = shared.lock().pending.len(), "direct connection made");
    tokio::select! {
        lost = send(shared, &mut writer) => lost,
        lost = listen(shared, &mut reader) => lost,
    }
}

/// The largest payload the server takes.
async fn greet(reader: &mut Reader, writer: &mut Writer, shared: &Shared) -> io::Result<usize> {
    let max_payload = u32::try_from(shared.options.topics.max_message_bytes).unwrap_or(u32::MAX);
    let name = shared.options.client_id.chars().take(128).collect();
    let hello = Message::Hello { version: codec::VERSION, max_payload, name };
    writer.send(hello.encode()).await?;
    match hear(reader).await? {
        Message::Hello { version: codec::VERSION, max_payload, .. } => Ok(max_payload as usize),
        Message::Hello { version, .. } => Err(io::Error::other(format!("it speaks protocol version {version}"))),
        Message::Bye { reason } => Err(io::Error::other(reason)),
        _ => Err(io::Error::other("it is no weft server")),
    }
}

async fn send(shared: &Shared, writer: &mut Writer) -> io::Result<Never> {
    let inventories: Vec<_> = shared.lock().inventories.clone().into_iter().collect();
    for (key, payload) in inventories {
        writer.feed(codec::encode_data(NO_ACK, Topic::Inventory, &key, &payload)).await?;
    }
    loop {
        let batch = shared.unsent();
        let idle = batch.is_empty();
        for message in batch {
            writer.feed(message).await?;
        }
        SinkExt::<Bytes>::flush(writer).await?;
        if idle && timeout(PING_EVERY, shared.sendable.notified()).await.is_err() {
            writer.send(Message::Ping.encode()).await?;
        }
    }
}

async fn listen(shared: &Shared, reader: &mut Reader) -> io::Result<Never> {
    loop {
        match timeout(SILENCE, hear(reader)).await {
            Ok(Ok(Message::Ack { sequence })) => shared.acknowledge(sequence),
            Ok(Ok(Message::Bye { reason })) => return Err(io::Error::other(reason)),
            Ok(Ok(_)) => return Err(io::Error::other("a message only a client sends")),
            Ok(Err(error)) => return Err(error),
            Err(_) => return Err(io::ErrorKind::TimedOut.into()),
        }
    }
}

async fn hear(reader: &mut Reader) -> io::Result<Message> {
    let bytes = reader.next().await.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
    Message::decode(bytes?.freeze()).map_err(io::Error::other)
}
