//! Which driver an RDMA device has, and which interface carries its port.

use crate::sysfs;
use std::path::Path;

/// Catalogue's name of the driver: by the bound PCI driver, else by the device's name, else by its type.
pub(super) fn driver_of(directory: &Path, name: &str) -> &'static str {
    let bound = sysfs::link_name(&directory.join("device/driver")).unwrap_or_default();
    by_module(&bound)
        .or_else(|| by_name(name))
        .or_else(|| by_type(&sysfs::text_or_empty(&directory.join("hca_type"))))
        .unwrap_or("unknown")
}

fn by_module(module: &str) -> Option<&'static str> {
    Some(match module {
        "mlx5_core" | "mlx5_ib" => "mlx5",
        "mlx4_core" | "mlx4_ib" => "mlx4",
        "bnxt_en" | "bnxt_re" => "bnxt_re",
        "ice" | "i40e" | "irdma" | "idpf" => "irdma",
        "hfi1" => "hfi1",
        "efa" => "efa",
        "ionic" | "ionic_rdma" => "ionic",
        _ => return None,
    })
}

/// Kernel names; udev may have made others of them (`ibp24s0`, `rocep1s0`).
fn by_name(name: &str) -> Option<&'static str> {
    let drivers = ["mlx5", "mlx4", "bnxt_re", "irdma", "hfi1", "efa", "ionic"];
    let is_number = |rest: &str| rest.starts_with(|c: char| c == '_' || c.is_ascii_digit());
    drivers.into_iter().find(|driver| name.strip_prefix(driver).is_some_and(is_number))
}

/// Mellanox part numbers: ConnectX-3 and older are mlx4, Connect-IB (4113) and newer mlx5.
fn by_type(hca_type: &str) -> Option<&'static str> {
    let number: u32 = hca_type.strip_prefix("MT")?.parse().ok()?;
    Some(if (4113..20_000).contains(&number) { "mlx5" } else { "mlx4" })
}

/// The interface of an Ethernet port. An InfiniBand port has none of its own: IPoIB counts only what passes through IP.
pub(super) fn netdev_of(directory: &Path, number: &str) -> Option<String> {
    let port = directory.join("ports").join(number);
    if sysfs::text(&port.join("link_layer")).ok()? != "Ethernet" {
        return None;
    }
    let by_gid = sysfs::text(&port.join("gid_attrs/ndevs/0")).ok().filter(|name| !name.is_empty());
    by_gid.or_else(|| by_dev_port(&directory.join("device/net"), number))
}

fn by_dev_port(net: &Path, number: &str) -> Option<String> {
    let names = sysfs::names(net).ok()?;
    if let [only] = &names[..] {
        return Some(only.clone());
    }
    let wanted = number.parse::<u32>().ok()?.checked_sub(1)?.to_string();
    names.into_iter().find(|name| sysfs::text_or_empty(&net.join(name).join("dev_port")) == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drivers_by_name_and_type() {
        for (name, driver) in [
            ("mlx5_0", "mlx5"),
            ("mlx5_bond_0", "mlx5"),
            ("bnxt_re3", "bnxt_re"),
            ("efa_0", "efa"),
            ("ibp24s0", "unknown"),
        ] {
            assert_eq!(by_name(name).unwrap_or("unknown"), driver, "{name}");
        }
        for (hca_type, driver) in
            [("MT4129", Some("mlx5")), ("MT4099", Some("mlx4")), ("MT26428", Some("mlx4")), ("X", None)]
        {
            assert_eq!(by_type(hca_type), driver, "{hca_type}");
        }
    }
}
