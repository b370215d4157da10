//! A panel of a picture as SVG.

use crate::picture::{Panel, Picture};

const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 96.0;
/// Room for the numbers at the left, and for the seconds below.
const LEFT: f64 = 52.0;
const BELOW: f64 = 18.0;
/// Above the curves.
const ABOVE: f64 = 8.0;

pub fn panel(picture: &Picture, panel: &Panel) -> String {
    let length = picture.length_s.max(1e-9);
    let values = || panel.curves.iter().flat_map(|curve| curve.points.iter().map(|(_, value)| *value));
    let top = values().fold(0.0, f64::max).max(1e-12);
    let x = |s: f64| LEFT + s / length * (WIDTH - LEFT);
    let y = |value: f64| ABOVE + (1.0 - value / top) * (HEIGHT - ABOVE - BELOW);
    let (from, to) = (x(picture.mark_s.0), x(picture.mark_s.1).max(x(picture.mark_s.0) + 1.5));
    let base = y(0.0);
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{} in {}\">\
         <rect class=\"mark\" x=\"{from:.1}\" y=\"{ABOVE}\" width=\"{:.1}\" height=\"{:.1}\"/>\
         <line class=\"axis\" x1=\"{LEFT}\" x2=\"{WIDTH}\" y1=\"{base:.1}\" y2=\"{base:.1}\"/>\
         <text x=\"{}\" y=\"{:.1}\" class=\"end\">{}</text><text x=\"{}\" y=\"{base:.1}\" class=\"end\">0</text>",
        panel.title,
        panel.unit,
        to - from,
        base - ABOVE,
        LEFT - 6.0,
        ABOVE + 8.0,
        short(top),
        LEFT - 6.0,
    );
    for second in steps(length) {
        svg += &format!("<text x=\"{:.1}\" y=\"{HEIGHT}\" class=\"middle\">{second:.0} s</text>", x(second));
    }
    for (number, curve) in panel.curves.iter().enumerate() {
        let points: Vec<String> =
            curve.points.iter().map(|(s, value)| format!("{:.1},{:.1}", x(*s), y(*value))).collect();
        svg += &format!("<polyline class=\"c{number}\" points=\"{}\"/>", points.join(" "));
    }
    svg + "</svg>"
}

/// Round seconds, four to eight of them.
fn steps(length: f64) -> Vec<f64> {
    let step = [5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0];
    let step = step.into_iter().find(|step| length / step <= 8.0).unwrap_or(length / 4.0);
    (1..).map(|n| f64::from(n) * step).take_while(|second| *second < length - step / 4.0).collect()
}

/// Three digits are enough.
fn short(value: f64) -> String {
    match value {
        v if v >= 100_000.0 => format!("{:.0}k", v / 1000.0),
        v if v >= 100.0 => format!("{v:.0}"),
        v if v >= 1.0 => format!("{v:.1}"),
        v => format!("{v:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Curve;

    #[test]
    fn a_curve_lies_within_its_frame_and_the_fault_is_marked() {
        let curve = Curve { label: "n0 eth0".into(), points: vec![(0.0, 0.0), (50.0, 4.0), (100.0, 2.0)] };
        let of = Panel { title: "sent", unit: "Gbit/s", curves: vec![curve] };
        let picture = Picture {
            title: String::new(),
            about: String::new(),
            length_s: 100.0,
            mark_s: (50.0, 75.0),
            panels: vec![],
        };
        let svg = panel(&picture, &of);
        assert!(svg.contains("points=\"52.0,78.0 306.0,8.0 560.0,43.0\""), "{svg}");
        assert!(svg.contains("x=\"306.0\" y=\"8\" width=\"127.0\" height=\"70.0\""), "{svg}");
        assert_eq!(steps(100.0), [20.0, 40.0, 60.0, 80.0]);
        assert_eq!([0.123, 2.0, 480.0, 250_000.0].map(short), ["0.12", "2.0", "480", "250k"]);
    }
}
