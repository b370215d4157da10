//! The order of rows means nothing.

use super::back::Back;
use super::disturbance::Disturbance;

pub const PERMUTED: Disturbance = Disturbance {
    name: "permuted",
    about: "the rows of every file in another order",
    apply: |tables, _, dice| {
        dice.shuffle(1, &mut tables.plan.devices);
        dice.shuffle(2, &mut tables.plan.ports);
        dice.shuffle(3, &mut tables.plan.cables);
        dice.shuffle(4, &mut tables.plan.jobs);
        dice.shuffle(5, &mut tables.readings);
        dice.shuffle(6, &mut tables.steps);
        dice.shuffle(7, &mut tables.events);
        Back::default()
    },
};
