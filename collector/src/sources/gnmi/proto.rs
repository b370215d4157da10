//! openconfig's messages and the client of its service, made from `collector/proto` by `collector/build.rs`.

#![allow(clippy::all, missing_docs, rustdoc::all, reason = "generated: none of it is written here")]

/// The package `gnmi`.
pub mod gnmi {
    tonic::include_proto!("gnmi");
}

/// Extensions of messages, which weft neither sends nor reads.
pub mod gnmi_ext {
    tonic::include_proto!("gnmi_ext");
}
