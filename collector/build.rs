//! Makes the gNMI client from openconfig's protos. `protox` compiles them, so that no `protoc` need be installed.

use std::error::Error;

const PROTOS: &str = "proto";
const GNMI: &str = "github.com/openconfig/gnmi/proto/gnmi/gnmi.proto";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed={PROTOS}");
    let descriptors = protox::compile([GNMI], [PROTOS])?;
    tonic_prost_build::configure().build_server(false).compile_fds(descriptors)?;
    Ok(())
}
