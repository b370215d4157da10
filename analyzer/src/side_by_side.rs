//! Work on many things side by side; results in the order of the things.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::available_parallelism;

/// Calls `work` once for each of `all`, so many at once: by default as many as there are cores.
pub fn side_by_side<T: Sync, R: Send>(all: &[T], at_once: Option<usize>, work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let workers = at_once.unwrap_or_else(|| available_parallelism().map_or(1, usize::from)).clamp(1, all.len().max(1));
    let next = AtomicUsize::new(0);
    let take = || {
        let number = next.fetch_add(1, Ordering::Relaxed);
        all.get(number).map(|one| (number, work(one)))
    };
    let mut done: Vec<(usize, R)> = std::thread::scope(|scope| {
        let workers: Vec<_> =
            (0..workers).map(|_| scope.spawn(|| std::iter::from_fn(take).collect::<Vec<_>>())).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a worker panicked")).collect()
    });
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_stand_in_the_order_of_the_things() {
        let all: Vec<usize> = (0..50).collect();
        for at_once in [None, Some(0), Some(3), Some(100)] {
            assert_eq!(side_by_side(&all, at_once, |n| n * 2), (0..50).map(|n| n * 2).collect::<Vec<_>>());
        }
        assert_eq!(side_by_side(&[] as &[usize], None, |n| *n), Vec::<usize>::new());
    }
}
