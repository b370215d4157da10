//! Bytes of commands and replies, as linux/ethtool.h lays them out. Pure. A reply is trusted in nothing but its bytes.

/// ETH_GSTRING_LEN: a name's place; names fill it to the end without a NUL.
pub const NAME: usize = 32;
/// ETH_SS_STATS: the set of strings that name the statistics.
const STATISTICS: u32 = 1;

const GET_DRIVER: u32 = 0x03;
const GET_STRINGS: u32 = 0x1b;
const GET_STATISTICS: u32 = 0x1d;
const GET_COUNTS: u32 = 0x37;

/// struct ethtool_drvinfo.
const DRIVER_BYTES: usize = 196;
/// struct ethtool_sset_info with one count.
const COUNTS_BYTES: usize = 20;
/// struct ethtool_gstrings and struct ethtool_stats before their data.
const STRINGS_HEAD: usize = 12;
const STATISTICS_HEAD: usize = 8;

pub fn ask_driver() -> Vec<u8> {
    command(GET_DRIVER, DRIVER_BYTES)
}

/// Name of the kernel module's driver: `mlx5_core`.
pub fn driver(reply: &[u8]) -> String {
    reply.get(4..4 + NAME).map(text).unwrap_or_default()
}

pub fn ask_count() -> Vec<u8> {
    let mut command = command(GET_COUNTS, COUNTS_BYTES);
    put(&mut command, 8, 1 << STATISTICS);
    command
}

/// How many statistics there are; none when the driver has no such set.
pub fn count(reply: &[u8]) -> usize {
    let has_set = word(reply, 8) & (1 << STATISTICS) != 0;
    if has_set { word(reply, 16) as usize } else { 0 }
}

/// With room for `room` names.
pub fn ask_names(count: usize, room: usize) -> Vec<u8> {
    let mut command = command(GET_STRINGS, STRINGS_HEAD + room * NAME);
    put(&mut command, 4, STATISTICS);
    put(&mut command, 8, count as u32);
    command
}

/// As many as the reply says and has bytes for.
pub fn names(reply: &[u8]) -> Vec<String> {
    let said = word(reply, 8) as usize;
    let names = reply.get(STRINGS_HEAD..).unwrap_or_default().chunks_exact(NAME);
    names.take(said).map(text).collect()
}

/// Makes `command` one for `count` values with room for `room`; keeps its memory.
pub fn ask_values(command: &mut Vec<u8>, count: usize, room: usize) {
    command.resize(STATISTICS_HEAD + room * 8, 0);
    put(command, 0, GET_STATISTICS);
    put(command, 4, count as u32);
}

/// How many values the driver has now, whatever was asked for.
pub fn said_values(reply: &[u8]) -> usize {
    word(reply, 4) as usize
}

/// As many as the reply has bytes for.
pub fn values(reply: &[u8]) -> impl Iterator<Item = u64> {
    let values = reply.get(STATISTICS_HEAD..).unwrap_or_default().chunks_exact(8);
    values.map(|bytes| u64::from_ne_bytes(bytes.try_into().unwrap_or_default()))
}

fn command(number: u32, length: usize) -> Vec<u8> {
    let mut command = vec![0; length];
    put(&mut command, 0, number);
    command
}

fn put(command: &mut [u8], at: usize, word: u32) {
    if let Some(place) = command.get_mut(at..at + 4) {
        place.copy_from_slice(&word.to_ne_bytes());
    }
}

fn word(reply: &[u8], at: usize) -> u32 {
    let bytes = reply.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
    bytes.map_or(0, u32::from_ne_bytes)
}

/// Up to the first NUL. What is no UTF-8 is replaced, so that a name can be shown and sent.
fn text(bytes: &[u8]) -> String {
    let until_nul = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(until_nul).trim().to_owned()
}
