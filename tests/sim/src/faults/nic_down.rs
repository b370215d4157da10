//! The firmware of a network card stops working: the link stays lit, nothing passes, and after some seconds the driver says so. The
//! communication library shares the neighbouring rail's card instead, as with a cable that is pulled.

use super::link_down::reroute_soon;
use super::{Fault, Injection, Nature, Place, Scope, cabled_ports, port_of};
use crate::estimate::{self, Effect};
use crate::sim::{Fabric, STEP_S};
use crate::topology::PortId;
use crate::world::{Happening, PortEvent};
use weft_wire::Table;

pub struct NicDown;

/// mlx5 looks at the firmware's own counter every second or two and gives it up after three looks at which it stands still.
const NOTICED_S: f64 = 6.0;

impl Fault for NicDown {
    fn class(&self) -> &'static str {
        "nic_down"
    }

    fn nature(&self) -> Nature {
        Nature::Hardware
    }

    fn scope(&self) -> Scope {
        Scope::Nic
    }

    fn places(&self, fabric: &Fabric, _strength: f64) -> Vec<(Place, f64)> {
        let is_card = |port: &PortId| fabric.world.topology.ports[*port].table == Table::Nic;
        let loss = |port| estimate::loss(fabric, port, Effect::Capacity(0.5));
        cabled_ports(fabric).filter(is_card).map(|port| (Place::Port(port), loss(port))).collect()
    }

    fn begin(&self, fabric: &mut Fabric, injection: &Injection) {
        if let Some(card) = port_of(injection) {
            fabric.world.set_card(card, true);
            reroute_soon(fabric, true);
        }
    }

    fn step(&self, fabric: &mut Fabric, injection: &Injection) {
        let (now, noticed) = (fabric.world.now, injection.begin + NOTICED_S);
        if let Some(port) = port_of(injection).filter(|_| (now - noticed).abs() < STEP_S / 2.0) {
            fabric.world.events.push(PortEvent { at: now, port, what: Happening::Dead });
        }
    }

    fn end(&self, fabric: &mut Fabric, injection: &Injection) {
        if let Some(card) = port_of(injection) {
            fabric.world.set_card(card, false);
            reroute_soon(fabric, false);
        }
    }
}
