//! A round of repeats: the requests that remind a receiver of every alert that is on.

/// One request of a round.
pub struct Repeat {
    /// The same for each try of it.
    pub delivery: String,
    /// Ids; the dead-man alert's is empty. What has ended meanwhile is left out when it is sent.
    pub incidents: Vec<String>,
}

/// The two halves of a request that was refused for its body, so that one alert that the receiver does not take keeps no other
/// from being repeated. A request of a single alert has no halves: that alert waits for the next round.
pub fn halves(mut repeat: Repeat) -> Vec<Repeat> {
    if repeat.incidents.len() < 2 {
        return Vec::new();
    }
    let second = repeat.incidents.split_off(repeat.incidents.len() / 2);
    let half = |n: usize, incidents: Vec<String>| Repeat { delivery: format!("{}-{n}", repeat.delivery), incidents };
    vec![half(1, std::mem::take(&mut repeat.incidents)), half(2, second)]
}
