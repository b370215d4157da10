//! What a transport says of itself. Counters only grow; gauges are the latest value.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! stats {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// A snapshot for `/metrics`. A field that means nothing for a kind of transport stays 0.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
        pub struct TransportStats { $($(#[$doc])* pub $name: u64),* }

        #[derive(Debug, Default)]
        pub(crate) struct Counters { $(pub $name: AtomicU64),* }

        impl Counters {
            pub fn snapshot(&self) -> TransportStats {
                TransportStats { $($name: self.$name.load(Ordering::Relaxed)),* }
            }
        }

        impl TransportStats {
            /// Name and value of each field, in the order declared here.
            pub fn fields(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name)),*]
            }
        }
    };
}

stats! {
    /// Messages the far side acknowledged.
    acknowledged,
    /// Their payload bytes.
    acknowledged_bytes,
    /// Calls that ended in an error.
    failed,
    /// Gauge: messages awaiting their acknowledgement.
    in_flight,
    /// Messages sent again after a reconnect (direct) or requests repeated (kafka).
    resent,
    /// Messages handed to the subscriber.
    delivered,
    /// Their payload bytes.
    delivered_bytes,
    /// Commits that succeeded, one a partition.
    committed,
    /// Gauge: messages on the broker that the group has not yet committed; on a direct hub, those queued.
    lag,
    /// Changes of the partition assignment.
    rebalances,
    /// Times the connection was lost.
    disconnects,
    /// Gauge: open direct connections.
    connections,
    /// Direct connections turned away because there were too many.
    refused,
    /// Direct connections closed for what they sent: garbage, oversize, another version.
    protocol_errors,
    /// Bytes on the wire to the broker, compressed.
    sent_bytes,
    /// Bytes on the wire from the broker, compressed.
    received_bytes,
}

pub(crate) fn add(counter: &AtomicU64, n: u64) {
    counter.fetch_add(n, Ordering::Relaxed);
}

pub(crate) fn sub(gauge: &AtomicU64, n: u64) {
    gauge.fetch_sub(n, Ordering::Relaxed);
}

pub(crate) fn set(gauge: &AtomicU64, value: u64) {
    gauge.store(value, Ordering::Relaxed);
}
