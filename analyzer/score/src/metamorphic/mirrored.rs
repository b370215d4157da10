//! A cable has no first end.

use super::back::Back;
use super::disturbance::Disturbance;

pub const MIRRORED: Disturbance = Disturbance {
    name: "mirrored",
    about: "cables.csv lists the ends of each cable the other way round",
    apply: |tables, _, _| {
        for cable in &mut tables.plan.cables {
            std::mem::swap(&mut cable.a_device, &mut cable.b_device);
            std::mem::swap(&mut cable.a_port, &mut cable.b_port);
        }
        Back::default()
    },
};
