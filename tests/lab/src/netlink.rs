//! Reads of rtnetlink: link changes for the route agent, link and qdisc statistics for the developer's trace.

use anyhow::{Context, Result, bail};
use netlink_packet_core::{NLM_F_DUMP, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{LinkAttribute, LinkFlags, LinkMessage, Stats64};
use netlink_packet_route::tc::{TcAttribute, TcHandle, TcMessage, TcStats2};
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};

const RTNLGRP_LINK: u32 = 1;

/// A port as the kernel tells it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Link {
    pub index: u32,
    pub name: String,
    pub carrier: bool,
    pub carrier_down_count: u32,
    pub stats: Stats64,
}

/// The root queue of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queue {
    pub index: u32,
    pub backlog_bytes: u32,
    pub dropped_packets: u32,
}

/// A socket of the namespace the calling thread is in.
pub struct Netlink(Socket);

impl Netlink {
    pub fn open() -> Result<Self> {
        let mut socket = Socket::new(NETLINK_ROUTE).context("netlink socket")?;
        socket.bind_auto()?;
        socket.connect(&SocketAddr::new(0, 0))?;
        Ok(Self(socket))
    }

    /// A socket that also hears of every link change.
    pub fn listening() -> Result<Self> {
        let netlink = Self::open()?;
        netlink.0.add_membership(RTNLGRP_LINK)?;
        Ok(netlink)
    }

    pub fn links(&mut self) -> Result<Vec<Link>> {
        let messages = self.dump(RouteNetlinkMessage::GetLink(LinkMessage::default()))?;
        Ok(messages.into_iter().filter_map(as_link).collect())
    }

    pub fn root_queues(&mut self) -> Result<Vec<Queue>> {
        let messages = self.dump(RouteNetlinkMessage::GetQueueDiscipline(TcMessage::default()))?;
        Ok(messages.into_iter().filter_map(as_root_queue).collect())
    }

    /// Waits for the next changes of links.
    pub fn changes(&mut self) -> Result<Vec<Link>> {
        let (bytes, _) = self.0.recv_from_full()?;
        Ok(messages(&bytes)?.into_iter().filter_map(payload).filter_map(as_link).collect())
    }

    fn dump(&mut self, request: RouteNetlinkMessage) -> Result<Vec<RouteNetlinkMessage>> {
        let mut packet = NetlinkMessage::new(NetlinkHeader::default(), NetlinkPayload::from(request));
        packet.header.flags = NLM_F_DUMP | NLM_F_REQUEST;
        packet.finalize();
        let mut bytes = vec![0; packet.buffer_len()];
        packet.serialize(&mut bytes);
        self.0.send(&bytes, 0)?;
        let mut answer = Vec::new();
        loop {
            for message in messages(&self.0.recv_from_full()?.0)? {
                match message.payload {
                    NetlinkPayload::Done(_) => return Ok(answer),
                    NetlinkPayload::Error(error) => bail!("netlink dump: {error}"),
                    NetlinkPayload::InnerMessage(inner) => answer.push(inner),
                    _ => {}
                }
            }
        }
    }
}

fn messages(mut bytes: &[u8]) -> Result<Vec<NetlinkMessage<RouteNetlinkMessage>>> {
    let mut messages = Vec::new();
    while bytes.len() >= 16 {
        let message = NetlinkMessage::<RouteNetlinkMessage>::deserialize(bytes)?;
        let length = (message.header.length as usize).next_multiple_of(4);
        messages.push(message);
        bytes = bytes.get(length..).unwrap_or_default();
    }
    Ok(messages)
}

fn payload(message: NetlinkMessage<RouteNetlinkMessage>) -> Option<RouteNetlinkMessage> {
    match message.payload {
        NetlinkPayload::InnerMessage(inner) => Some(inner),
        _ => None,
    }
}

fn as_link(message: RouteNetlinkMessage) -> Option<Link> {
    let RouteNetlinkMessage::NewLink(message) = message else { return None };
    let mut link = Link {
        index: message.header.index,
        carrier: message.header.flags.contains(LinkFlags::LowerUp),
        ..Link::default()
    };
    for attribute in message.attributes {
        match attribute {
            LinkAttribute::IfName(name) => link.name = name,
            LinkAttribute::CarrierDownCount(count) => link.carrier_down_count = count,
            LinkAttribute::Stats64(stats) => link.stats = stats,
            _ => {}
        }
    }
    Some(link)
}

fn as_root_queue(message: RouteNetlinkMessage) -> Option<Queue> {
    let RouteNetlinkMessage::NewQueueDiscipline(message) = message else { return None };
    if message.header.parent != TcHandle::ROOT {
        return None;
    }
    let stats = message.attributes.iter().find_map(|attribute| match attribute {
        TcAttribute::Stats2(stats) => stats.iter().find_map(|s| match s {
            TcStats2::Queue(queue) => Some(*queue),
            _ => None,
        }),
        _ => None,
    })?;
    Some(Queue {
        index: u32::try_from(message.header.index).ok()?,
        backlog_bytes: stats.backlog,
        dropped_packets: stats.drops,
    })
}
