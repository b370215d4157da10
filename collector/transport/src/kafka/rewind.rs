//! Where a partition is read from: the committed position less the rewind, by the broker's clock.
//!
//! A commit carries, as its metadata, the broker's time of the last message delivered before it. So the window is
//! measured back from what was taken in, not from the present: after an outage longer than the window nothing is skipped,
//! and what lies before it is there again to warm up on.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaResult;
use rdkafka::topic_partition_list::TopicPartitionListElem;
use rdkafka::{Offset, TopicPartitionList};

const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Sets the offsets of newly assigned partitions.
pub(super) fn start_offsets<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    assigned: &mut TopicPartitionList,
    rewind: Duration,
) -> KafkaResult<()> {
    let committed = consumer.committed_offsets(assigned.clone(), ANSWER_WITHIN)?;
    let mut times = TopicPartitionList::new();
    for partition in committed.elements() {
        let since_ms = last_taken_ms(&partition).unwrap_or_else(now_ms) - rewind.as_millis() as i64;
        times.add_partition_offset(partition.topic(), partition.partition(), Offset::Offset(since_ms.max(0)))?;
    }
    let by_time = consumer.offsets_for_times(times, ANSWER_WITHIN)?;
    for mut partition in assigned.elements() {
        let (topic, number) = (partition.topic().to_owned(), partition.partition());
        let at = |list: &TopicPartitionList| list.find_partition(&topic, number).and_then(|found| position(&found));
        let start = match (at(&committed), at(&by_time)) {
            (Some(committed), Some(by_time)) => committed.min(by_time),
            (Some(position), None) | (None, Some(position)) => position,
            // Nothing within the window and nothing committed: what comes next, from where the log ends now.
            (None, None) => consumer.fetch_watermarks(&topic, number, ANSWER_WITHIN)?.1,
        };
        partition.set_offset(Offset::Offset(start))?;
    }
    Ok(())
}

fn position(partition: &TopicPartitionListElem<'_>) -> Option<i64> {
    match partition.offset() {
        Offset::Offset(offset) => Some(offset),
        _ => None,
    }
}

/// The broker's time of the last message taken in before the commit, Unix ms.
fn last_taken_ms(committed: &TopicPartitionListElem<'_>) -> Option<i64> {
    position(committed)?;
    committed.metadata().parse().ok()
}

fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}
