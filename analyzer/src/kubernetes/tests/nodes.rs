//! Names of nodes, and what announces maintenance.

use super::{Scene, apply, at, list, parsed, pod, running};
use crate::kubernetes::config::{KubernetesConfig, NodeNames};
use kube::runtime::watcher::Event;
use serde_json::json;

#[test]
fn nodes_go_by_the_name_that_their_collectors_have() {
    for (node_names, expected) in [
        (NodeNames::Name, "ip-10-0-0-1.ec2.internal"),
        (NodeNames::Short, "ip-10-0-0-1"),
        (NodeNames::Hostname, "gpu001"),
    ] {
        let config = KubernetesConfig { node_names, ..KubernetesConfig::default() };
        let mut scene = Scene { config, ..Scene::default() };
        let name = "ip-10-0-0-1.ec2.internal";
        let node = json!({
            "metadata": {"name": name, "labels": {"kubernetes.io/hostname": "gpu001"}}, "spec": {"unschedulable": true},
        });
        scene.nodes(list(&[node]), 7);
        assert_eq!(scene.maintenance(), [format!("{expected} 7 : cordoned")]);
        scene.pods(apply(pod("p", name, json!({}), running(0))), 1);
        assert_eq!(scene.jobs(), [format!("team-a/p {expected} - 0..runs")]);
        scene.nodes([Event::Init, Event::InitDone], 9);
        assert!(scene.maintenance().is_empty());
    }
}

#[test]
fn a_taint_may_announce_maintenance_and_a_daemon_set_holds_nobody_up() {
    let config = KubernetesConfig { maintenance_taints: vec!["site/repair".into()], ..KubernetesConfig::default() };
    let mut scene = Scene { config, ..Scene::default() };
    let node = |key: &str| {
        let taints = json!([{"key": key, "value": "psu", "effect": "NoSchedule", "timeAdded": at(3)}]);
        json!({"metadata": {"name": "n1"}, "spec": {"taints": taints}})
    };
    let mut burn_in = pod("p", "n1", json!({}), running(0));
    burn_in["metadata"]["ownerReferences"] =
        json!([{"kind": "DaemonSet", "name": "d", "uid": "u", "apiVersion": "v1", "controller": true}]);
    scene.pods(apply(burn_in), 1).nodes(list(&[node("nvidia.com/gpu")]), 7);
    assert!(scene.maintenance().is_empty() && scene.jobs().is_empty());
    scene.nodes([Event::Apply(parsed(node("site/repair")))], 8);
    assert_eq!(scene.maintenance(), ["n1 3 : site/repair=psu"]);
}
