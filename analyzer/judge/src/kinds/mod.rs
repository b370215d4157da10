//! Kinds of fact, one file each: the typed payload, the class of incident that it opens, and what the kind says of itself
//! in words, as a number, as a query and as a chart. Diagnosis knows no kind by name: everything that it asks stands here.

mod class;
mod fact;
mod held_clock;
mod query;
#[cfg(test)]
mod tests;
mod words;

pub use class::{Accuses, Class, Family};
pub use counted_errors::Unit;
pub use fact::{Absence, Fact, FactLine};
pub use held_clock::HeldClock;
pub use host_stalls::Stalled;
pub use inner_loss::Suspect;
pub use pause_surge::PauseUnit;
pub use query::Query;

use crate::fabric::PortRef;
pub use crate::incident::Evidence;
use crate::incident::{Chart, Curve, SeriesMode};
use serde::{Deserialize, Serialize};

/// What a kind of fact says of itself.
pub trait KindOfFact {
    const CLASS: Class;

    /// The number behind it, and what it was compared with.
    fn evidence(&self) -> Evidence;

    /// The claim, to be followed by "since" and the time: `was up, down`. `is_over`: it does not show any more.
    fn claim(&self, is_over: bool) -> String;

    /// What is wrong with the part, to follow its name: `is down`. `at`: the port that shows it, if any.
    fn verdict(&self, at: Option<&PortRef>, is_over: bool) -> String;

    /// The rows that show it.
    fn query(&self, shown: &Shown<'_>) -> Query;

    /// The series that a chart of it draws; `None` where no counter holds what it was computed from.
    fn chart(&self, _: &Shown<'_>) -> Option<Chart> {
        None
    }

    /// Its amount in a unit of its kind, the larger the worse: what facts of this kind are compared by.
    fn amount(&self) -> f64;

    /// The part of a job's step time that it takes, where the fact itself tells that, 0 to 1.
    fn lost(&self) -> Option<f64> {
        None
    }

    /// The most of a job's step time that it can take, 0 to 1.
    fn at_most(&self) -> f64 {
        1.0
    }

    /// One iteration of the job that it was seen through, ns; 0 where iterations play no part.
    fn iteration_ns(&self) -> i64 {
        0
    }

    /// Two hosts of one job since the same time, of whom the evidence cannot tell which one holds up the other.
    fn is_like(&self, _: &Self) -> bool {
        false
    }

    /// Parts within or beside the one accused where the trouble may sit, each with how likely it does, 0 to 1.
    fn suspects(&self) -> &[Suspect] {
        &[]
    }

    /// Why each of its suspects is as likely as the part accused, to follow the suspect's name; `None` where it is less.
    fn suspects_alike(&self) -> Option<&'static str> {
        None
    }

    /// Of a device: what its trouble says of a link there that goes down at the same time, to follow the device's name.
    fn beside_links(&self) -> Option<&'static str> {
        None
    }

    /// Of maintenance: what was seen at its parts meanwhile, and is told by it alone.
    fn seen(&self) -> &[String] {
        &[]
    }

    /// Takes in what is told by it alone.
    fn see(&mut self, _: &[String]) {}

    /// For how long it must be positively absent, ns: its class's time, unless the payload knows better.
    fn resolves_after_ns(&self) -> i64 {
        Self::CLASS.resolves_after_ns
    }

    /// A fact of this kind with numbers that a real one could have, for the tests that all kinds must pass.
    #[cfg(test)]
    fn sample() -> Self;
}

/// Where a fact shows.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    pub at: &'a PortRef,
    /// The other end of the cable.
    pub far: Option<&'a PortRef>,
    /// The job that the fact was seen through, or is about.
    pub job: Option<&'a str>,
    /// The table that holds the counters of the ports of that device.
    pub table: &'static str,
}

impl Shown<'_> {
    /// A counter of the port that shows the fact, as the device says it.
    fn raw(&self, counter: &str) -> Curve {
        Curve::of(self.at, counter, SeriesMode::Raw, 1.0)
    }

    /// The same per second, times a factor that brings it into the chart's unit.
    fn rate(&self, counter: &str, times: f64) -> Curve {
        Curve::of(self.at, counter, SeriesMode::Rate, times)
    }

    /// A counter of the other end of the cable.
    fn far_raw(&self, counter: &str) -> Option<Curve> {
        self.far.map(|far| Curve::of(far, counter, SeriesMode::Raw, 1.0))
    }
}

macro_rules! kinds {
    ($($module:ident::$Kind:ident = $name:literal),+ $(,)?) => {
        $(mod $module; pub use $module::$Kind;)+

        /// A kind of fact by its name. Each kind belongs to one detector.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum FactKind {
            $(#[serde(rename = $name)] $Kind,)+
        }

        /// The payload of a fact: what its detector measured.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "kind", content = "detail")]
        pub enum Payload {
            $(#[serde(rename = $name)] $Kind($Kind),)+
        }

        /// How a snapshot writes a payload: its binary format has no field names, which the tagged form of a line needs.
        #[derive(Serialize, Deserialize)]
        #[serde(remote = "Payload")]
        enum Untagged {
            $($Kind($Kind),)+
        }

        $(impl From<$Kind> for Payload {
            fn from(payload: $Kind) -> Payload {
                Payload::$Kind(payload)
            }
        })+

        impl FactKind {
            pub const ALL: &'static [FactKind] = &[$(FactKind::$Kind),+];

            pub fn name(self) -> &'static str {
                match self { $(FactKind::$Kind => $name),+ }
            }

            /// Kinds that are evidence of one case when they are about one part.
            pub fn of_subject(subject: &str) -> impl Iterator<Item = FactKind> {
                FactKind::ALL.iter().copied().filter(move |kind| kind.class().subject == subject)
            }

            pub fn class(self) -> &'static Class {
                match self { $(FactKind::$Kind => const { &$Kind::CLASS }),+ }
            }
        }

        impl Payload {
            /// One fact of every kind, in the order of [`FactKind::ALL`].
            #[cfg(test)]
            pub fn one_of_each() -> Vec<Payload> {
                vec![$($Kind::sample().into()),+]
            }

            pub fn kind(&self) -> FactKind {
                match self { $(Payload::$Kind(_) => FactKind::$Kind),+ }
            }

            pub fn evidence(&self) -> Evidence {
                match self { $(Payload::$Kind(payload) => payload.evidence()),+ }
            }

            pub fn claim(&self, is_over: bool) -> String {
                match self { $(Payload::$Kind(payload) => payload.claim(is_over)),+ }
            }

            pub fn verdict(&self, at: Option<&PortRef>, is_over: bool) -> String {
                match self { $(Payload::$Kind(payload) => payload.verdict(at, is_over)),+ }
            }

            pub fn query(&self, shown: &Shown<'_>) -> Query {
                match self { $(Payload::$Kind(payload) => payload.query(shown)),+ }
            }

            pub fn chart(&self, shown: &Shown<'_>) -> Option<Chart> {
                match self { $(Payload::$Kind(payload) => payload.chart(shown)),+ }
            }

            pub fn amount(&self) -> f64 {
                match self { $(Payload::$Kind(payload) => payload.amount()),+ }
            }

            pub fn lost(&self) -> Option<f64> {
                match self { $(Payload::$Kind(payload) => payload.lost()),+ }
            }

            pub fn at_most(&self) -> f64 {
                match self { $(Payload::$Kind(payload) => payload.at_most()),+ }
            }

            pub fn iteration_ns(&self) -> i64 {
                match self { $(Payload::$Kind(payload) => payload.iteration_ns()),+ }
            }

            pub fn is_like(&self, other: &Payload) -> bool {
                match (self, other) {
                    $((Payload::$Kind(one), Payload::$Kind(other)) => one.is_like(other),)+
                    _ => false,
                }
            }

            pub fn suspects(&self) -> &[Suspect] {
                match self { $(Payload::$Kind(payload) => payload.suspects()),+ }
            }

            pub fn suspects_alike(&self) -> Option<&'static str> {
                match self { $(Payload::$Kind(payload) => payload.suspects_alike()),+ }
            }

            pub fn beside_links(&self) -> Option<&'static str> {
                match self { $(Payload::$Kind(payload) => payload.beside_links()),+ }
            }

            pub fn seen(&self) -> &[String] {
                match self { $(Payload::$Kind(payload) => payload.seen()),+ }
            }

            pub fn see(&mut self, seen: &[String]) {
                match self { $(Payload::$Kind(payload) => payload.see(seen)),+ }
            }

            pub fn resolves_after_ns(&self) -> i64 {
                match self { $(Payload::$Kind(payload) => payload.resolves_after_ns()),+ }
            }
        }
    };
}

kinds! {
    link_down::LinkDown = "link_down",
    device_down::DeviceDown = "device_down",
    link_flap::LinkFlap = "link_flap",
    conservation_loss::ConservationLoss = "conservation_loss",
    conservation_loss_counted::ConservationLossCounted = "conservation_loss_counted",
    inner_loss::InnerLoss = "inner_loss",
    counted_errors::CountedErrors = "counted_errors",
    low_service_rate::LowServiceRate = "low_service_rate",
    pause_surge::PauseSurge = "pause_surge",
    pfc_deadlock::PfcDeadlock = "pfc_deadlock",
    congestion_control_off::CongestionControlOff = "congestion_control_off",
    headroom_drops::HeadroomDrops = "headroom_drops",
    long_compute::LongCompute = "long_compute",
    late_onset::LateOnset = "late_onset",
    host_stalls::HostStalls = "host_stalls",
    silent::Silent = "silent",
    counters_fell::CountersFell = "counters_fell",
    excess_hold::ExcessHold = "excess_hold",
    job_slow::JobSlow = "job_slow",
    job_hang::JobHang = "job_hang",
    job_stands::JobStands = "job_stands",
    incast::Incast = "incast",
    noisy_neighbour::NoisyNeighbour = "noisy_neighbour",
    ecmp_imbalance::EcmpImbalance = "ecmp_imbalance",
    miscabled::Miscabled = "miscabled",
    trained_low::TrainedLow = "trained_low",
    nvlink_down::NvlinkDown = "nvlink_down",
    nvlink_errors::NvlinkErrors = "nvlink_errors",
    pcie_degraded::PcieDegraded = "pcie_degraded",
    gpu_lost::GpuLost = "gpu_lost",
    gpu_memory_errors::GpuMemoryErrors = "gpu_memory_errors",
    gpu_throttle::GpuThrottle = "gpu_throttle",
    power_cap::PowerCap = "power_cap",
    nic_down::NicDown = "nic_down",
    maintenance::Maintenance = "maintenance",
}
