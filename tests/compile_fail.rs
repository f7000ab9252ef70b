//! Each mistake in `tests/ui` gives the error beside it: see the index there.

#[test]
fn compile_fail() {
    trybuild::TestCases::new().compile_fail("tests/ui/**/*.rs");
}
