//! What can be wrong with bytes that claim to be ours.

/// Every variant names what is wrong; none is worth a retry of the same bytes.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    #[error("not a weft message: it begins with {0:02x?}, not \"WEFT\"")]
    Magic(Vec<u8>),
    #[error("wire version {0} is not known here (this build reads {supported}): upgrade the reader", supported = crate::frame::VERSION)]
    Version(u8),
    #[error("a {0} was expected, the message is a {1}")]
    Kind(&'static str, &'static str),
    #[error("message of {0} bytes is over the limit of {limit}", limit = crate::MAX_FRAME_BYTES)]
    TooLarge(usize),
    #[error("message is cut short or damaged: checksum {found:08x}, {expected:08x} was sent")]
    Checksum { found: u32, expected: u32 },
    #[error("header does not decode: {0}")]
    Header(#[from] prost::DecodeError),
    #[error("not a protobuf message: fields are cut short or of an unknown form")]
    NoProtobuf,
    #[error("a hollow message: it would ask for {asked} bytes of memory, its size allows {allowed}")]
    Hollow { asked: usize, allowed: usize },
    #[error("unknown schema {0:016x}: no inventory has told of it yet")]
    UnknownSchema(u64),
    #[error("schema: {0}")]
    Schema(String),
    #[error("batch of table {table}: {what}")]
    Batch { table: &'static str, what: String },
    #[error("arrow: {0}")]
    Arrow(#[from] arrow_schema::ArrowError),
}
