//! A picture of what counters showed.

/// One wrong verdict. Times are seconds from the first that is shown.
#[derive(Clone, Debug)]
pub struct Picture {
    pub title: String,
    pub about: String,
    pub length_s: f64,
    /// From when to when the fault lasted, or when the incident opened.
    pub mark_s: (f64, f64),
    pub panels: Vec<Panel>,
}

#[derive(Clone, Debug)]
pub struct Panel {
    pub title: &'static str,
    pub unit: &'static str,
    pub curves: Vec<Curve>,
}

#[derive(Clone, Debug)]
pub struct Curve {
    pub label: String,
    pub points: Vec<(f64, f64)>,
}
