// A small trace: two nodes under a leaf in one job, and a cable that goes down. For `weft replay`.
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const S = 1_000_000_000n;
const SECONDS = 30;
const DOWN_AT = 20;

/** Writes it into a folder of its own; a plan is the same files. Resolves to the folder. */
export async function cableDown() {
  const folder = await mkdtemp(join(tmpdir(), "weft-alert-"));
  const begin = (BigInt(Date.now()) / 1000n) * S - 60n * S;
  const files = {
    "trace.toml": 'name = "cable down"\ntick_ns = 1000000000\n',
    "devices.csv": "device,kind,tier,rack,pod\nhost-a,node,,r1,p1\nhost-b,node,,r1,p1\nleaf-a,switch,leaf,r1,p1\n",
    "ports.csv": "device,port,table,speed_bps,rail,role\nhost-a,eth0,nic,100000000000,0,compute\nhost-b,eth0,nic,100000000000,0,compute\nleaf-a,swp0,switch_port,100000000000,,\nleaf-a,swp1,switch_port,100000000000,,\n",
    "cables.csv": "a_device,a_port,b_device,b_port\nhost-a,eth0,leaf-a,swp0\nhost-b,eth0,leaf-a,swp1\n",
    "jobs.csv": `job,device,start_ns,end_ns,rank,group\ntrain,host-a,${begin},,0,\ntrain,host-b,${begin},,1,\n`,
    "events.csv": `ts_ns,device,port,event,text\n${begin + BigInt(DOWN_AT) * S + 5n},host-b,eth0,link_down,pulled\n`,
    "samples.csv": samples(begin),
  };
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(folder, name), text)));
  return folder;
}

function samples(begin) {
  const lines = ["ts_ns,device,port,counter,value"];
  for (let second = 0; second < SECONDS; second++) {
    for (const [device, port] of [["host-a", "eth0"], ["host-b", "eth0"], ["leaf-a", "swp0"], ["leaf-a", "swp1"]]) {
      const up = second < DOWN_AT || (device !== "host-b" && port !== "swp1");
      const bytes = BigInt(up ? second : DOWN_AT) * S;
      const ts = begin + BigInt(second) * S;
      for (const [counter, value] of [["rx_bytes", bytes], ["tx_bytes", bytes], ["link_up", up ? 1 : 0]]) lines.push(`${ts},${device},${port},${counter},${value}`);
    }
  }
  return lines.join("\n") + "\n";
}
