//! The plot: a bar for each server, with the interval of its median, and how much of what it acknowledged it has lost.

use std::fmt::Write as _;

use crate::{
    compare::{Comparison, Row},
    servers::Variant,
    statistics::Median,
};

const WIDTH: f64 = 860.0;
/// Where the bars begin, behind their names.
const LEFT: f64 = 210.0;
/// What is left behind the longest bar, for its figure.
const RIGHT: f64 = 150.0;
const ROW: f64 = 24.0;
const BAR: f64 = 16.0;
const TITLE: f64 = 44.0;

/// All comparisons, one below the other, on one scale.
pub(crate) fn svg(comparisons: &[Comparison]) -> String {
    let rows: usize = comparisons.iter().map(|comparison| comparison.rows.len()).sum();
    let height = count(rows) * ROW + count(comparisons.len()) * (TITLE + ROW / 2.0) + ROW;
    let all = || comparisons.iter().flat_map(|comparison| &comparison.rows).filter_map(|row| Some((row, row.rate()?)));
    let most = all().map(|(_, rate)| rate.high).fold(1.0, f64::max);
    let scale = (WIDTH - LEFT - RIGHT) / most;

    let mut svg = String::new();
    // a document without a colour of its own, on paper of its own: it is read on light pages and on dark ones
    let _ = writeln!(
        svg,
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" font-family="system-ui, sans-serif" font-size="13" role="img" aria-label="Events a second, by server">
<rect width="100%" height="100%" fill="#ffffff"/>"##
    );
    let mut y = 0.0;
    for comparison in comparisons {
        let _ = writeln!(
            svg,
            r##"<text x="12" y="{}" font-weight="600" fill="#222222">{}: events a second</text>"##,
            y + 30.0,
            comparison.shape
        );
        y += TITLE;
        for row in &comparison.rows {
            if let Some(rate) = row.rate() {
                bar(&mut svg, row, rate, y, scale);
            }
            y += ROW;
        }
        y += ROW / 2.0;
    }
    svg += "</svg>\n";
    svg
}

fn bar(svg: &mut String, row: &Row, rate: Median, y: f64, scale: f64) {
    let colour = match row.variant {
        Variant::Alone => "#9aa0a6",
        Variant::Library(_) => "#1a73e8",
        Variant::ByHand(_) => "#e8a33d",
        Variant::Node(_) => "#5f9e6e",
    };
    let (middle, length) = (y + BAR / 2.0, rate.middle * scale);
    let (low, high) = (LEFT + rate.low * scale, LEFT + rate.high * scale);
    let _ = writeln!(
        svg,
        r##"<text x="{}" y="{}" text-anchor="end" fill="#222222">{}</text>
<rect x="{LEFT}" y="{y}" width="{length:.1}" height="{BAR}" fill="{colour}"/>
<path d="M{low:.1} {middle}H{high:.1}M{low:.1} {}v6M{high:.1} {}v6" stroke="#222222" fill="none"/>
<text x="{:.1}" y="{}" fill="#222222">{:.0}{}</text>"##,
        LEFT - 8.0,
        middle + 4.5,
        row.variant.name(),
        middle - 3.0,
        middle - 3.0,
        LEFT + length.max(rate.high * scale) + 8.0,
        middle + 4.5,
        rate.middle,
        match row.lost() {
            0 => String::new(),
            percent => format!(", {percent} % lost"),
        },
    );
}

fn count(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
