//! Which port or GPU a line of the kernel's log is about.

use super::lines::Part;
use crate::board::{Board, EntityId};
use crate::root::Root;
use crate::sources::pci_folder::address_of;
use crate::sysfs;
use weft_wire::Table;

const NVIDIA: &str = "0x10de";
/// The first digits of a PCI class: display controllers, which GPUs for computing are too.
const DISPLAY: &str = "0x03";

/// `None` where no source speaks of it, and of the node.
pub fn find(part: &Part, board: &Board, root: &Root) -> Option<EntityId> {
    let mut parts =
        board.ids().filter(|(_, entity)| matches!(entity.table, Table::Nic | Table::SwitchPort | Table::Gpu));
    let found = match part {
        Part::Pci(address) => {
            parts.find(|(_, entity)| address_of(root, entity).is_some_and(|own| is_at(&own, address)))
        }
        Part::Index(index) => parts.find(|(_, entity)| entity.descriptor.labels.get("ifindex") == Some(index)),
        Part::Interface(name) => parts.find(|(_, entity)| entity.table != Table::Gpu && entity.port == *name),
        Part::Node => None,
    };
    found.map(|(id, _)| id)
}

/// A GPU that no other source speaks of: `gpu3` is the fourth of NVIDIA's on the bus, as NVML counts them. `None` where it is not
/// on the bus, and where another GPU has that name: in a container NVML counts those alone that it may see.
pub fn make_gpu(part: &Part, board: &mut Board, root: &Root) -> Option<EntityId> {
    let Part::Pci(address) = part else { return None };
    let gpus = gpus(root);
    let index = gpus.iter().position(|own| is_at(own, address))?;
    let name = format!("gpu{index}");
    if board.entities().any(|entity| entity.table == Table::Gpu && entity.port == name) {
        return None;
    }
    let gpu = board.entity(Table::Gpu, &name);
    board.describe(gpu, |descriptor| {
        // As NVML writes it, with a domain of eight digits.
        descriptor.position = format!("0000{}", gpus[index]);
    });
    Some(gpu)
}

/// Whether a GPU is on the bus, for all that sysfs says.
pub fn is_on_the_bus(gpu: EntityId, board: &Board, root: &Root) -> bool {
    let address = board.get(gpu).and_then(|entity| address_of(root, entity));
    address.is_some_and(|address| root.join("sys/bus/pci/devices").join(address).exists())
}

/// Addresses of NVIDIA's GPUs in the order of the bus.
fn gpus(root: &Root) -> Vec<String> {
    let folder = root.join("sys/bus/pci/devices");
    let names =
        std::fs::read_dir(&folder).into_iter().flatten().flatten().filter_map(|e| e.file_name().into_string().ok());
    let says = |name: &str, file: &str| sysfs::text_or_empty(&folder.join(name).join(file));
    let is_gpu = |name: &String| says(name, "vendor") == NVIDIA && says(name, "class").starts_with(DISPLAY);
    let mut gpus: Vec<String> = names.filter(is_gpu).collect();
    gpus.sort_unstable();
    gpus
}

/// The address is `own`, or `own` without its function.
fn is_at(own: &str, address: &str) -> bool {
    own.strip_prefix(address).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_with_and_without_a_function() {
        for (own, address, expected) in [
            ("0000:3b:00.0", "0000:3b:00.0", true),
            ("0000:3b:00.0", "0000:3b:00", true),
            ("0000:3b:00.1", "0000:3b:00.0", false),
            ("0000:3b:00.0", "0000:3b:0", false),
            ("0000:3b:00.0", "", false),
        ] {
            assert_eq!(is_at(own, address), expected, "{own} {address}");
        }
    }
}
