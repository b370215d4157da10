//! A name tells nothing of a part.

use super::back::Back;
use super::dice::{Dice, number_of};
use super::disturbance::Disturbance;
use std::collections::HashMap;
use weft_trace::TraceTables;

pub const RENAMED: Disturbance = Disturbance {
    name: "renamed",
    about: "devices, NICs and switch ports have other names, in another order; GPUs keep theirs, which say what they are",
    apply: |tables, _, dice| {
        let names = Names::of(tables, dice);
        let back = names.back(tables);
        tables.rename(|device, port| names.new_name(device, port));
        back
    },
};

struct Names {
    devices: HashMap<String, String>,
    /// By device: its planned NICs and switch ports.
    ports: HashMap<String, HashMap<String, String>>,
}

impl Names {
    fn of(tables: &TraceTables, dice: Dice) -> Names {
        // The number at the end keeps names apart, the chance before it their order.
        let name = |kind: char, key: &str, number: usize| {
            format!("{kind}{:04x}x{number}", dice.of(&[number_of(key)]) & 0xffff)
        };
        let mut names = Names { devices: HashMap::new(), ports: HashMap::new() };
        for device in tables.places.iter().map(|p| &p.device).chain(tables.plan.devices.iter().map(|d| &d.device)) {
            let number = names.devices.len();
            names.devices.entry(device.clone()).or_insert_with(|| name('d', device, number));
        }
        for (number, port) in tables.plan.ports.iter().enumerate() {
            if matches!(port.table.as_str(), "nic" | "switch_port") {
                let key = format!("{}/{}", port.device, port.port);
                names.ports.entry(port.device.clone()).or_default().insert(port.port.clone(), name('p', &key, number));
            }
        }
        names
    }

    fn device(&self, device: &str) -> String {
        self.devices.get(device).map_or(device, String::as_str).to_owned()
    }

    /// A probe's port is `LOCAL>FAR DEVICE/FAR PORT#FLOW`; a queue, a lane or a child has its port's name before its own.
    fn new_name(&self, device: &str, port: &str) -> (String, String) {
        let new = match port.split_once('>') {
            Some((local, far)) => {
                let (far, flow) = far.split_once('#').map_or((far, None), |(far, flow)| (far, Some(flow)));
                let (far_device, far_port) = far.split_once('/').unwrap_or((far, ""));
                let far_port = self.port(far_device, far_port);
                let flow = flow.map(|flow| format!("#{flow}")).unwrap_or_default();
                format!("{}>{}/{far_port}{flow}", self.port(device, local), self.device(far_device))
            }
            None => self.port(device, port),
        };
        (self.device(device), new)
    }

    fn port(&self, device: &str, port: &str) -> String {
        let Some(ports) = self.ports.get(device) else { return port.to_owned() };
        if let Some(new) = ports.get(port) {
            return new.clone();
        }
        let owner = |name: &&String| {
            port.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with(['/', '.', ':', '@']))
        };
        match ports.keys().filter(owner).max_by_key(|name| name.len()) {
            Some(name) => format!("{}{}", ports[name], &port[name.len()..]),
            None => port.to_owned(),
        }
    }

    fn back(&self, tables: &TraceTables) -> Back {
        let devices = self.devices.keys().map(|device| (device.clone(), String::new()));
        let planned = tables.plan.ports.iter().map(|p| (p.device.clone(), p.port.clone()));
        let said = tables.places.iter().map(|p| (p.device.clone(), p.port.clone()));
        let all = devices.chain(planned).chain(said);
        Back {
            names: all.map(|(device, port)| (self.new_name(&device, &port), (device, port))).collect(),
            moved: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hangs_on_a_port_is_renamed_with_it() {
        let text = |from: &str, to: &str| (from.to_owned(), to.to_owned());
        let names = Names {
            devices: [text("n0", "D0"), text("l0", "D1")].into(),
            ports: [
                ("n0".to_owned(), [text("eth0", "P0"), text("eth00", "P1")].into()),
                ("l0".to_owned(), [text("swp/0", "P2")].into()),
            ]
            .into(),
        };
        for (device, port, expected) in [
            ("n0", "eth0", ("D0", "P0")),
            ("n0", "eth00", ("D0", "P1")),
            ("n0", "eth0/q3", ("D0", "P0/q3")),
            ("n0", "eth0.8001", ("D0", "P0.8001")),
            ("n0", "eth1", ("D0", "eth1")),
            ("n0", "gpu3/link1", ("D0", "gpu3/link1")),
            ("n0", "", ("D0", "")),
            ("l0", "swp/0", ("D1", "P2")),
            ("n0", "eth0>l0/swp/0#4", ("D0", "P0>D1/P2#4")),
            ("unknown", "eth0", ("unknown", "eth0")),
        ] {
            let (d, p) = names.new_name(device, port);
            assert_eq!((d.as_str(), p.as_str()), expected, "{device}/{port}");
        }
    }
}
