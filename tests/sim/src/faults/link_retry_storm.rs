//! A cable with link-level retry damages what leaves the named port, which repeats it: no host sees a loss, and the link has less
//! room. Damaged frames: 10^(6 · strength − 6), from one in a million to all of them, of which its line keeps a thirteenth.

use super::{Fault, Injection, Nature, Place, Scope, cabled_ports, port_of};
use crate::estimate::{self, Effect};
use crate::link::retry_goodput;
use crate::sim::Fabric;

pub struct LinkRetryStorm;

fn retried(strength: f64) -> f64 {
    10f64.powf(6.0 * strength - 6.0)
}

impl Fault for LinkRetryStorm {
    fn class(&self) -> &'static str {
        "link_retry_storm"
    }

    fn nature(&self) -> Nature {
        Nature::Hardware
    }

    fn scope(&self) -> Scope {
        Scope::Port
    }

    fn varies(&self) -> bool {
        true
    }

    fn places(&self, fabric: &Fabric, strength: f64) -> Vec<(Place, f64)> {
        let effect = Effect::Capacity(retry_goodput(retried(strength)));
        cabled_ports(fabric).map(|port| (Place::Port(port), estimate::loss(fabric, port, effect))).collect()
    }

    fn begin(&self, fabric: &mut Fabric, injection: &Injection) {
        if let Some(port) = port_of(injection) {
            fabric.world.links[port].retried = retried(injection.strength);
        }
    }

    fn end(&self, fabric: &mut Fabric, injection: &Injection) {
        if let Some(port) = port_of(injection) {
            fabric.world.links[port].retried = 0.0;
        }
    }
}
