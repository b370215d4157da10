//! A cable that ends elsewhere than planned, as the neighbours at its ends say themselves.

use super::class::SECOND;
use super::{Class, Evidence, KindOfFact, Query, Shown};
use crate::fabric::PortRef;
use crate::incident::Severity;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Miscabled {
    /// Where the plan has the other end of the cable.
    pub planned: PortRef,
    /// Where it is.
    pub heard: PortRef,
}

impl KindOfFact for Miscabled {
    const CLASS: Class = Class {
        name: "miscabled",
        severity: Severity::Warning,
        // A case of its own: whoever moves a cable takes its carrier away for a moment, and that the link was down is over then.
        subject: "miscabled",
        resolves_after_ns: SECOND,
        confidence: 0.95,
        action: "move the cable to where the plan has it, or mend the plan's cables.csv",
        // Bytes still pass, by another way than planned.
        delays_jobs: false,
        is_of_cable: true,
        ..Class::LINK
    };

    fn evidence(&self) -> Evidence {
        Evidence::new("lldp", (1.0, "cables that lie otherwise"), (0.0, "plan"))
    }

    fn claim(&self, _: bool) -> String {
        format!("its neighbour is {}, and {} by the plan", name(&self.heard), name(&self.planned))
    }

    fn verdict(&self, at: Option<&PortRef>, is_over: bool) -> String {
        let is = if is_over { "was" } else { "is" };
        let at = at.map_or_else(|| "one end".to_owned(), name);
        format!("{is} miscabled: {at} leads to {}, and not to {} as planned", name(&self.heard), name(&self.planned))
    }

    fn query(&self, shown: &Shown<'_>) -> Query {
        let only = [("device", &shown.at.device), ("port", &shown.at.port)];
        Query {
            table: "neighbor_mismatch".to_owned(),
            columns: Vec::new(),
            only: only.map(|(column, text)| (column.to_owned(), text.clone())).to_vec(),
            order_by: None,
        }
    }

    fn amount(&self) -> f64 {
        1.0
    }

    /// What a detour costs is not known from the cabling.
    fn at_most(&self) -> f64 {
        0.0
    }

    #[cfg(test)]
    fn sample() -> Miscabled {
        Miscabled { planned: PortRef::new("leaf-17", "swp23"), heard: PortRef::new("leaf-18", "swp23") }
    }
}

fn name(port: &PortRef) -> String {
    format!("{} {}", port.device, port.port)
}
