//! How strongly a part stands out, tick by tick.

/// Below this no threshold is ever tuned: weaker strengths are not kept.
const LEAST: f32 = 1.0;
/// How strongly one part stands out in one quantity, at the ticks at which it does.
#[derive(Debug)]
pub struct Strength {
    pub part: usize,
    pub class: &'static str,
    pub at: Vec<(u32, f32)>,
}

impl Strength {
    pub fn none(part: usize, class: &'static str) -> Strength {
        Strength { part, class, at: Vec::new() }
    }

    /// Of a state that is no matter of degree: beyond every threshold where the value is more than a half.
    pub fn certain(part: usize, class: &'static str, values: &[f32]) -> Strength {
        let at =
            values.iter().enumerate().filter(|(_, value)| **value > 0.5).map(|(tick, _)| (tick as u32, f32::INFINITY));
        Strength { part, class, at: at.collect() }
    }

    pub fn push(&mut self, tick: usize, strength: f32) {
        if strength >= LEAST {
            self.at.push((tick as u32, strength));
        }
    }
}
