//! Cables that neighbours tell of and jobs of a watched file, while the analyzer runs.

use super::*;
use weft_wire::plan::{Plan, PlanCable};
use weft_wire::{Inventory, Neighbor};

/// The collector of each end hears the other one.
fn hears(inventory: &mut Inventory, cables: &[PlanCable]) {
    let ends = |c: &PlanCable| {
        let [a, b] = [(&c.a_device, &c.a_port), (&c.b_device, &c.b_port)].map(|(d, p)| (d.clone(), p.clone()));
        [(a.clone(), b.clone()), (b, a)]
    };
    let heard = cables.iter().flat_map(ends).filter_map(|((device, port), (system_name, port_id))| {
        let own = inventory.ports.iter().find(|p| p.device == device && p.port == port)?;
        Some(Neighbor { port: own.index, system_name, port_id, since_ns: 1, ..Neighbor::default() })
    });
    inventory.neighbors = heard.collect();
}

/// Ticks of the trace, whose collectors hear that these are the cables.
async fn publish_hearing(
    publisher: &Arc<dyn Publisher>,
    trace: &Path,
    ticks: std::ops::Range<usize>,
    cables: &[PlanCable],
) {
    let (mut source, mut sends) = (FrameSource::open(trace, TICK_NS).unwrap(), Vec::new());
    for tick in 0..ticks.end {
        for mut frame in source.next_tick().unwrap().unwrap() {
            frame.inventory.iter_mut().for_each(|inventory| hears(inventory, cables));
            if ticks.contains(&tick) {
                let (publisher, bytes) = (publisher.clone(), frame.encode().unwrap().into());
                sends.push(async move { publisher.publish(Topic::Frames, &frame.collector, bytes).await });
            }
        }
    }
    futures::future::try_join_all(sends).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn cables_are_found_and_jobs_begin_without_a_restart() {
    let (trace, state, updates) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), Updates::default());
    tiny(trace.path());
    let planned = weft_trace::load_plan(trace.path()).unwrap();
    let jobs_file = state.path().join("jobs.csv");
    let (publisher, subscriber) = in_process(10_000);
    let given = options(trace.path(), state.path(), subscriber, &updates);
    let bare = Plan { cables: Vec::new(), jobs: Vec::new(), ..planned.clone() };
    let options = LiveOptions { plan: bare, jobs_file: Some(jobs_file.clone()), ..given };
    let live = start(options).unwrap();
    let view = live.view().clone();
    publish_hearing(&publisher, trace.path(), 0..30, &planned.cables).await;
    let cables = planned.cables.len() as i64;
    assert_eq!(count(&view, "select count(*) from cable where heard").await, cables);
    assert_eq!(count(&view, "select count(*) from neighbor where fresh").await, 2 * cables);
    let down = updates.lock().unwrap().iter().find(|i| i.class == "link_down").cloned().expect("the pulled cable");
    assert!(!down.culprits[0].peer_port.is_empty(), "it is known to whom it leads: {:?}", down.culprits);
    std::fs::write(&jobs_file, "job,device\nlate,n0\nlate,nowhere\n").unwrap();
    // It is looked at each second, and in force with the next tick.
    tokio::time::sleep(Duration::from_secs(2)).await;
    publish_hearing(&publisher, trace.path(), 30..60, &planned.cables).await;
    assert_eq!(count(&view, "select count(*) from job where job = 'late' and device_known").await, 1);
    assert_eq!(count(&view, "select count(*) from job where not device_known").await, 1);
    assert!(view.jobs().iter().any(|job| job.job == "late"));
    live.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn swapped_cables_are_told_with_both_places() {
    let (trace, state, updates) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), Updates::default());
    tiny(trace.path());
    let mut swapped = weft_trace::load_plan(trace.path()).unwrap().cables;
    let [first, second] = [0, 1].map(|at: usize| (swapped[at].b_device.clone(), swapped[at].b_port.clone()));
    (swapped[0].b_device, swapped[0].b_port) = second;
    (swapped[1].b_device, swapped[1].b_port) = first;
    let (publisher, subscriber) = in_process(10_000);
    let live = start(options(trace.path(), state.path(), subscriber, &updates)).unwrap();
    publish_hearing(&publisher, trace.path(), 0..30, &swapped).await;
    assert_eq!(count(live.view(), "select count(*) from neighbor_mismatch").await, 2);
    let said: Vec<String> =
        updates.lock().unwrap().iter().filter(|i| i.class == "miscabled").map(|i| i.sentence.clone()).collect();
    for told in ["l0 swp0 leads to n1 eth0, and not to n0 eth0", "l0 swp1 leads to n0 eth0, and not to n1 eth0"] {
        assert!(said.iter().any(|s| s.contains(told)), "{told}: {said:?}");
    }
    assert!(said.iter().all(|s| !s.contains("or else")), "where a cable lies is no device's doing: {said:?}");
    live.shutdown().await.unwrap();
}
