//! What goes over a direct connection: a u32 length (big-endian), then one of these. Integers are big-endian.
//!
//! ```text
//! client: hello "WEFT" version:u8 max_payload:u32 name…  ─►  ◄─ server: hello, the same
//!         data  sequence:u64 topic:u8 key_len:u16 key payload…
//!         ping                                               ◄─ ack sequence:u64     everything up to it is safe
//!                                                            ◄─ bye reason…          and the connection is closed
//! ```

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio_util::codec::LengthDelimitedCodec;

use crate::Topic;

pub(super) const VERSION: u8 = 1;
const MAGIC: &[u8; 4] = b"WEFT";
pub(super) const MAX_KEY_BYTES: usize = 1024;
/// Everything of a data message but its payload, at its longest.
const MAX_OVERHEAD_BYTES: usize = 1 + 8 + 1 + 2 + MAX_KEY_BYTES;
/// The sequence of a message that wants no acknowledgement: an inventory told again after a reconnect.
pub(super) const NO_ACK: u64 = 0;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Message {
    /// `max_payload`: the largest payload this side takes, bytes.
    Hello {
        version: u8,
        max_payload: u32,
        name: String,
    },
    Data {
        sequence: u64,
        topic: Topic,
        key: String,
        payload: Bytes,
    },
    Ping,
    Ack {
        sequence: u64,
    },
    Bye {
        reason: String,
    },
}

/// Splits the stream; refuses a length over what a message of `max_payload` bytes needs before anything is allocated.
pub(super) fn framing(max_payload: usize) -> LengthDelimitedCodec {
    LengthDelimitedCodec::builder().max_frame_length(frame_limit(max_payload)).new_codec()
}

pub(super) fn frame_limit(max_payload: usize) -> usize {
    max_payload.saturating_add(MAX_OVERHEAD_BYTES)
}

impl Message {
    pub fn encode(&self) -> Bytes {
        let mut out = BytesMut::new();
        match self {
            Message::Hello { version, max_payload, name } => {
                out.put_u8(0);
                out.put_slice(MAGIC);
                out.put_u8(*version);
                out.put_u32(*max_payload);
                out.put_slice(name.as_bytes());
            }
            Message::Data { sequence, topic, key, payload } => {
                return encode_data(*sequence, *topic, key, payload);
            }
            Message::Ping => out.put_u8(2),
            Message::Ack { sequence } => {
                out.put_u8(3);
                out.put_u64(*sequence);
            }
            Message::Bye { reason } => {
                out.put_u8(4);
                out.put_slice(reason.as_bytes());
            }
        }
        out.freeze()
    }

    /// The payload shares the memory of `bytes`.
    pub fn decode(mut bytes: Bytes) -> Result<Message, &'static str> {
        match bytes.try_get_u8().map_err(|_| "an empty message")? {
            0 => decode_hello(bytes),
            1 => decode_data(bytes),
            2 => Ok(Message::Ping),
            3 => Ok(Message::Ack { sequence: bytes.try_get_u64().map_err(|_| "a truncated acknowledgement")? }),
            4 => Ok(Message::Bye { reason: String::from_utf8_lossy(&bytes).into_owned() }),
            _ => Err("an unknown kind of message"),
        }
    }
}

/// A key over [`MAX_KEY_BYTES`] is refused before it comes here.
pub(super) fn encode_data(sequence: u64, topic: Topic, key: &str, payload: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(12 + key.len() + payload.len());
    out.put_u8(1);
    out.put_u64(sequence);
    out.put_u8(topic.code());
    out.put_u16(key.len() as u16);
    out.put_slice(key.as_bytes());
    out.put_slice(payload);
    out.freeze()
}

fn decode_hello(mut bytes: Bytes) -> Result<Message, &'static str> {
    const WRONG: &str = "no weft hello";
    let magic = bytes.split_to(bytes.len().min(MAGIC.len()));
    if magic != MAGIC[..] {
        return Err(WRONG);
    }
    let version = bytes.try_get_u8().map_err(|_| WRONG)?;
    // Another version may have another form of the rest.
    let max_payload = if version == VERSION { bytes.try_get_u32().map_err(|_| WRONG)? } else { 0 };
    Ok(Message::Hello { version, max_payload, name: String::from_utf8_lossy(&bytes).into_owned() })
}

fn decode_data(mut bytes: Bytes) -> Result<Message, &'static str> {
    const TRUNCATED: &str = "a truncated message";
    let sequence = bytes.try_get_u64().map_err(|_| TRUNCATED)?;
    let topic = bytes.try_get_u8().map_err(|_| TRUNCATED)?;
    let topic = Topic::from_code(topic).ok_or("an unknown topic")?;
    let key_bytes = usize::from(bytes.try_get_u16().map_err(|_| TRUNCATED)?);
    if key_bytes > bytes.len() {
        return Err(TRUNCATED);
    }
    let key = String::from_utf8(bytes.split_to(key_bytes).into()).map_err(|_| "a key that is not UTF-8")?;
    Ok(Message::Data { sequence, topic, key, payload: bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_round_trips() {
        let payload = Bytes::from_static(&[0, 159, 146, 150]);
        for message in [
            Message::Hello { version: VERSION, max_payload: 1 << 20, name: "node-1".into() },
            Message::Data { sequence: 7, topic: Topic::DeadLetter, key: "k".into(), payload },
            Message::Data { sequence: u64::MAX, topic: Topic::Frames, key: String::new(), payload: Bytes::new() },
            Message::Ping,
            Message::Ack { sequence: 9 },
            Message::Bye { reason: "too many connections".into() },
        ] {
            assert_eq!(Message::decode(message.encode()), Ok(message));
        }
    }

    #[test]
    fn every_truncation_of_data_is_an_error_or_a_shorter_payload() {
        let whole = encode_data(7, Topic::Frames, "node-1", b"payload");
        let head = whole.len() - b"payload".len();
        for cut in 0..head {
            assert!(Message::decode(whole.slice(..cut)).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn garbage_is_named() {
        for (bytes, reason) in [
            (&b""[..], "an empty message"),
            (b"\x09", "an unknown kind of message"),
            (b"\x00HTTP", "no weft hello"),
            (b"\x00WEFT", "no weft hello"),
            (b"\x01\0\0\0\0\0\0\0\x01\x09\0\0", "an unknown topic"),
            (b"\x01\0\0\0\0\0\0\0\x01\x00\0\x01\xff", "a key that is not UTF-8"),
        ] {
            assert_eq!(Message::decode(Bytes::copy_from_slice(bytes)), Err(reason));
        }
    }
}
