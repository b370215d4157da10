//! A small trace made by hand, for tests of this crate and of the analyzer.

use std::fmt::Write;
use std::ops::Range;
use std::path::Path;

const S: i64 = 1_000_000_000;
/// The trace's first second.
pub const T0: i64 = 1_700_000_000 * S;

/// Writes a trace of 60 s into a folder: two nodes under a leaf, 720 samples; the cable of n1 is pulled from second 20 to 40.
pub fn tiny(dir: &Path) {
    let files = [
        ("trace.toml", "name = \"tiny\"\ntick_ns = 1000000000\n".to_owned()),
        (
            "devices.csv",
            "device,kind,tier,rack,pod,owner\nn0,node,,r1,p1,x\nn1,node,,r1,p1,y\nl0,switch,leaf,r1,p1,\n".to_owned(),
        ),
        (
            "ports.csv",
            "device,port,table,speed_bps,rail,role\nn0,eth0,nic,100000000000,0,compute\n\
             n1,eth0,nic,100000000000,0,compute\n\
             l0,swp0,switch_port,100000000000,,\nl0,swp1,switch_port,100000000000,,\n"
                .to_owned(),
        ),
        ("cables.csv", "a_device,a_port,b_device,b_port\nn0,eth0,l0,swp0\nn1,eth0,l0,swp1\n".to_owned()),
        ("jobs.csv", format!("job,device,start_ns,end_ns,rank,group\nj,n0,{T0},,0,\nj,n1,{T0},,1,\n")),
        ("events.csv", format!("ts_ns,device,port,event,text\n{},n1,eth0,link_down,pulled\n", T0 + 20 * S + 5)),
        ("samples.csv", samples(0..60)),
    ];
    for (name, text) in files {
        std::fs::write(dir.join(name), text).unwrap();
    }
}

/// The samples of some seconds of the trace, in order of time.
pub fn samples(seconds: Range<i64>) -> String {
    let mut text = "ts_ns,device,port,counter,value\n".to_owned();
    for second in seconds {
        for (device, port) in [("n0", "eth0"), ("n1", "eth0"), ("l0", "swp0"), ("l0", "swp1")] {
            let down = (device == "n1" || port == "swp1") && (20..40).contains(&second);
            let bytes = if down { 20 } else { second } * 1_000_000_000;
            let ts = T0 + second * S;
            for (counter, value) in [("rx_bytes", bytes), ("tx_bytes", bytes), ("link_up", i64::from(!down))] {
                writeln!(text, "{ts},{device},{port},{counter},{value}").unwrap();
            }
        }
    }
    text
}
