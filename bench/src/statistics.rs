//! Medians, and how far they can be trusted.

/// What several rounds have come to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Median {
    pub(crate) middle: f64,
    /// In which the true median lies with a probability of at least 95 %, if there are six rounds or more.
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Median {
    /// The interval is between two of the values themselves: that assumes nothing of how they are distributed.
    pub(crate) fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let count = values.len();
        let middle = (values.get(count.checked_sub(1)? / 2)? + values.get(count / 2)?) / 2.0;
        let outer = outer(count);
        Some(Self { middle, low: *values.get(outer)?, high: *values.get(count - 1 - outer)? })
    }
}

/// How many values may lie outside on each side. The median is below the k-th value if at least so many of the values are
/// above it, which is a coin thrown for each.
fn outer(count: usize) -> usize {
    let mut outside = 0.0;
    let mut ways = 1.0;
    let mut outer = 0;
    for (k, left) in (0..count / 2).zip((1..=count).rev()) {
        let (left, next) = (u32::try_from(left).unwrap_or(u32::MAX), u32::try_from(k + 1).unwrap_or(u32::MAX));
        outside += 2.0 * ways * 0.5_f64.powi(i32::try_from(count).unwrap_or(i32::MAX));
        if outside > 0.05 {
            break;
        }
        outer = k;
        ways *= f64::from(left) / f64::from(next);
    }
    outer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_that_of_the_tables() {
        // the sign test: of 6 to 8 values the extremes, of 9 to 11 the second, of 12 to 14 the third
        assert_eq!([6, 8, 9, 10, 11, 12, 14, 15].map(outer), [0, 0, 1, 1, 1, 2, 2, 3]);
    }

    #[test]
    fn ten_rounds() {
        let median = Median::of((1..=10).map(f64::from).collect());
        assert_eq!(median, Some(Median { middle: 5.5, low: 2.0, high: 9.0 }));
        assert_eq!(Median::of(Vec::new()), None);
    }
}
