//! What the checks found.

use std::fmt;

use super::Check;

/// What came of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The promise is kept, as far as the check can see.
    Passed,
    /// The promise is broken, and this is how.
    Failed(String),
    /// The store does without this, as it may.
    Absent(&'static str),
}

/// A check and what came of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Checked {
    /// The check's name.
    pub name: String,
    /// What is promised.
    pub promise: &'static str,
    /// Whether it is kept.
    pub verdict: Verdict,
}

/// What came of the checks. `Display` lists what is broken, and how.
#[derive(Clone, Debug)]
#[must_use = "a report fails no test: call `assert`"]
pub struct Report {
    store: &'static str,
    checked: Vec<Checked>,
}

impl Report {
    pub(super) fn new(store: &'static str) -> Self {
        Self { store, checked: Vec::new() }
    }

    pub(super) fn add(&mut self, check: Check, verdict: Verdict) {
        self.checked.push(Checked { name: check.name.to_owned(), promise: check.promise, verdict });
    }

    pub(super) fn add_unknown(&mut self, name: &str) {
        let verdict = Verdict::Failed("there is no check of this name".to_owned());
        self.checked.push(Checked { name: name.to_owned(), promise: "", verdict });
    }

    /// Every check, with what came of it.
    pub fn checked(&self) -> &[Checked] {
        &self.checked
    }

    fn names(&self, wanted: fn(&Verdict) -> bool) -> impl Iterator<Item = &str> {
        self.checked.iter().filter(move |checked| wanted(&checked.verdict)).map(|checked| checked.name.as_str())
    }

    /// The names of the checks that passed.
    pub fn passed(&self) -> impl Iterator<Item = &str> {
        self.names(|verdict| *verdict == Verdict::Passed)
    }

    /// The names of the checks that failed.
    pub fn failed(&self) -> impl Iterator<Item = &str> {
        self.names(|verdict| matches!(verdict, Verdict::Failed(_)))
    }

    /// The names of the checks for what the store does without.
    pub fn absent(&self) -> impl Iterator<Item = &str> {
        self.names(|verdict| matches!(verdict, Verdict::Absent(_)))
    }

    /// Whether something was checked and nothing failed.
    pub fn is_ok(&self) -> bool {
        !self.checked.is_empty() && self.failed().next().is_none()
    }

    /// Fails the test, with the list of what is broken.
    ///
    /// # Panics
    ///
    /// If a check failed, or none was made.
    #[track_caller]
    pub fn assert(&self) {
        assert!(self.is_ok(), "{self}");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (passed, failed, absent) = (self.passed().count(), self.failed().count(), self.absent().count());
        writeln!(f, "{}: {passed} checks passed, {failed} failed, {absent} absent", self.store)?;
        for Checked { name, promise, verdict } in &self.checked {
            match verdict {
                Verdict::Passed => {}
                Verdict::Failed(why) => writeln!(f, "FAILED {name} ({promise})\n       {why}")?,
                Verdict::Absent(what) => writeln!(f, "absent {name}: {what}")?,
            }
        }
        Ok(())
    }
}
