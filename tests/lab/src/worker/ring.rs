//! The ring all-reduce: reduce-scatter, then all-gather, over several TCP channels, each a ring of its own on its share.
//!
//! A few bytes that follow the data round the ring are the barrier: nobody ends a step before everybody has all of it. Without
//! them a late rank would end early, its last chunks still in its socket, and compute while they leave. One byte of the data
//! asks for a checkpoint: when any rank sets it, the sum is not zero at every rank, in the same step.

use super::WorkerArgs;
use anyhow::{Context, Result, bail, ensure};
use socket2::{Domain, Protocol, Socket, Type};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// Holds a whole chunk, so that a rank may write its chunk before it reads its neighbour's without a deadlock.
const SOCKET_BUFFER: usize = 1 << 20;
const CONNECT_FOR: Duration = Duration::from_secs(30);

/// Threads, one a channel; a buffer goes in by `work` and comes back reduced by `done`.
pub struct Channels {
    work: Vec<SyncSender<Vec<u8>>>,
    done: Vec<Receiver<Result<Vec<u8>>>>,
    rank: usize,
    world: usize,
    share: usize,
}

impl Channels {
    /// Connects to the next rank, accepts the previous one, and starts the channels' threads.
    pub fn connect(args: &WorkerArgs) -> Result<Self> {
        ensure!(args.world < 128, "sums of ranks must fit the check byte: --world {} is too many", args.world);
        let listener = TcpListener::bind(args.listen).with_context(|| format!("listen on {}", args.listen))?;
        let outgoing: Vec<TcpStream> = (0..args.channels).map(|c| dial(args, c)).collect::<Result<_>>()?;
        let mut incoming = accept(&listener, args.channels)?;
        let share = (args.bytes / args.channels).next_multiple_of(args.world);
        let (mut work, mut done) = (Vec::new(), Vec::new());
        for (mut send, mut recv) in outgoing.into_iter().zip(incoming.drain(..)) {
            let (work_tx, work_rx) = sync_channel::<Vec<u8>>(1);
            let (done_tx, done_rx) = sync_channel(1);
            let (rank, world) = (args.rank, args.world);
            std::thread::spawn(move || {
                for mut buffer in work_rx {
                    let outcome = all_reduce(&mut buffer, rank, world, &mut send, &mut recv);
                    let outcome = outcome.and_then(|()| barrier(world, &mut send, &mut recv)).map(|()| buffer);
                    if done_tx.send(outcome).is_err() {
                        break;
                    }
                }
            });
            work.push(work_tx);
            done.push(done_rx);
        }
        Ok(Self { work, done, rank: args.rank, world: args.world, share })
    }

    /// One all-reduce over all channels; true when any rank asked for a checkpoint.
    pub fn all_reduce(&mut self, checkpoint: bool) -> Result<bool> {
        for work in &self.work {
            let mut buffer = vec![self.rank as u8; self.share];
            buffer[0] = u8::from(checkpoint);
            work.send(buffer).context("a channel ended")?;
        }
        let expected = (self.world * (self.world - 1) / 2) as u8;
        let mut asked = false;
        for done in &self.done {
            let buffer = done.recv().context("a channel ended")??;
            ensure!(
                buffer[1..].iter().all(|b| *b == expected),
                "the reduced buffer is wrong: bytes were lost or mixed"
            );
            asked |= buffer[0] != 0;
        }
        Ok(asked)
    }
}

/// Sums `buffer` (wrapping bytes) over all ranks of the ring; its length is a multiple of `world`.
fn all_reduce(buffer: &mut [u8], rank: usize, world: usize, to: &mut impl Write, from: &mut impl Read) -> Result<()> {
    let size = buffer.len() / world;
    let range = |chunk: usize| (chunk % world) * size..(chunk % world + 1) * size;
    let mut received = vec![0; size];
    for step in 0..world - 1 {
        to.write_all(&buffer[range(rank + world - step)])?;
        from.read_exact(&mut received)?;
        let mine = &mut buffer[range(rank + 2 * world - step - 1)];
        mine.iter_mut().zip(&received).for_each(|(sum, part)| *sum = sum.wrapping_add(*part));
    }
    for step in 0..world - 1 {
        to.write_all(&buffer[range(rank + 1 + world - step)])?;
        from.read_exact(&mut buffer[range(rank + world - step)])?;
    }
    Ok(())
}

/// After n rounds a rank has heard, hop by hop, of its n predecessors.
fn barrier(world: usize, to: &mut impl Write, from: &mut impl Read) -> Result<()> {
    for _ in 1..world {
        to.write_all(&[1])?;
        from.read_exact(&mut [0])?;
    }
    Ok(())
}

/// Connects channel `c` to the next rank, which may still be starting, and tells which channel it is.
fn dial(args: &WorkerArgs, c: usize) -> Result<TcpStream> {
    let deadline = Instant::now() + CONNECT_FOR;
    loop {
        match try_dial(args, c) {
            Ok(mut stream) => {
                stream.write_all(&[c as u8])?;
                return Ok(stream);
            }
            Err(error) if Instant::now() > deadline => {
                return Err(error).with_context(|| format!("connect to the next rank at {}", args.next));
            }
            Err(_) => std::thread::sleep(Duration::from_millis(100)),
        }
    }
}

fn try_dial(args: &WorkerArgs, c: usize) -> Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    // A loss-based window, the kernel's usual one: a machine whose default is BBR would hide a lossy cable.
    socket.set_tcp_congestion(b"cubic").or_else(|_| socket.set_tcp_congestion(b"reno"))?;
    let source = SocketAddr::new(args.listen.ip(), args.source_port.wrapping_add(c as u16));
    socket.bind(&source.into()).with_context(|| format!("bind {source}"))?;
    socket.connect(&args.next.into())?;
    tune(&socket)?;
    Ok(socket.into())
}

/// As many connections as channels, in the order of the channels.
fn accept(listener: &TcpListener, channels: usize) -> Result<Vec<TcpStream>> {
    let mut streams: Vec<Option<TcpStream>> = (0..channels).map(|_| None).collect();
    for _ in 0..channels {
        let (mut stream, peer) = listener.accept()?;
        let mut hello = [0];
        stream.read_exact(&mut hello)?;
        let Some(slot) = streams.get_mut(usize::from(hello[0])) else { bail!("{peer} speaks of channel {}", hello[0]) };
        let socket = Socket::from(stream);
        tune(&socket)?;
        *slot = Some(socket.into());
    }
    streams.into_iter().map(|s| s.context("a channel connected twice")).collect()
}

fn tune(socket: &Socket) -> Result<()> {
    socket.set_tcp_nodelay(true)?;
    socket.set_send_buffer_size(SOCKET_BUFFER)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;

    #[test]
    fn every_rank_gets_the_sum() {
        const WORLD: usize = 5;
        let pairs: Vec<_> = (0..WORLD).map(|_| UnixStream::pair().unwrap()).collect();
        let (senders, mut receivers): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
        receivers.rotate_right(1);
        let ranks = senders.into_iter().zip(receivers).enumerate().map(|(rank, (mut to, mut from))| {
            std::thread::spawn(move || {
                let mut buffer: Vec<u8> = (0..20).map(|i| (i * (rank + 1)) as u8).collect();
                all_reduce(&mut buffer, rank, WORLD, &mut to, &mut from).map(|()| buffer).unwrap()
            })
        });
        let expected: Vec<u8> = (0..20).map(|i: u32| (i * 15) as u8).collect();
        for rank in ranks.collect::<Vec<_>>() {
            assert_eq!(rank.join().unwrap(), expected);
        }
    }
}
