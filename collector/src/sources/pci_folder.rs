//! Which PCI device a port or GPU is: its folder in sysfs, and its address on the bus.

use crate::board::Entity;
use crate::root::Root;
use crate::sysfs;
use std::path::PathBuf;
use weft_wire::Table;

/// The folder of the PCI device that a port or GPU is. `None` for one that no PCI device stands behind, such as a veth.
pub fn folder_of(root: &Root, entity: &Entity) -> Option<PathBuf> {
    let label = |name: &str| entity.descriptor.labels.get(name);
    let by_class = |class: &str, name: &str| root.join("sys/class").join(class).join(name);
    match entity.table {
        // NVML says `00000000:1b:00.0`, sysfs `0000:1b:00.0`.
        Table::Gpu => Some(root.join("sys/bus/pci/devices").join(entity.descriptor.position.get(4..)?)),
        Table::Nic | Table::SwitchPort => {
            let interface = by_class("net", &entity.port);
            let is_ours =
                label("ifindex").is_none_or(|index| sysfs::text_or_empty(&interface.join("ifindex")) == *index);
            match label("ibdev") {
                _ if is_ours && interface.join("device").exists() => Some(interface.join("device")),
                Some(ibdev) => Some(by_class("infiniband", ibdev).join("device")),
                None => None,
            }
        }
        _ => None,
    }
}

/// The address on the bus, such as `0000:3b:00.1`: the name of the folder that the links of sysfs lead to.
pub fn address_of(root: &Root, entity: &Entity) -> Option<String> {
    if entity.table == Table::Gpu {
        return entity.descriptor.position.get(4..).map(str::to_lowercase);
    }
    let folder = folder_of(root, entity)?.canonicalize().ok()?;
    Some(folder.file_name()?.to_str()?.to_owned())
}
