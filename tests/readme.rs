//! What the documents show, link to and quote is there.

use std::{error::Error, fs, path::Path};

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

const DOCUMENTS: [&str; 4] = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> Result<String> {
    fs::read_to_string(root().join(path)).map_err(|error| format!("{path}: {error}").into())
}

/// Everything that stands between `open` and the next `close`.
fn between<'a>(text: &'a str, open: &'a str, close: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(open).skip(1).filter_map(move |rest| rest.split(close).next())
}

/// Under which name a heading can be linked to.
fn anchor(line: &str) -> Option<String> {
    let heading = line.strip_prefix('#')?.trim_start_matches('#').strip_prefix(' ')?;
    let kept = heading.chars().filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'));
    Some(kept.collect::<String>().to_lowercase().replace(' ', "-"))
}

/// The program of the README is the one that the tests compile and run.
#[test]
fn the_program_of_the_readme_is_examples_readme() -> Result {
    let readme = read("README.md")?;
    let shown = between(&readme, "```rust\n", "```\n").next().ok_or("README.md has no block of Rust")?;
    assert_eq!(shown, read("examples/readme/src/program.rs")?);
    Ok(())
}

#[test]
fn links_lead_somewhere() -> Result {
    for document in DOCUMENTS {
        let text = read(document)?;
        for target in between(&text, "](", ")").filter(|target| !target.starts_with("https://")) {
            let (path, section) = target.split_once('#').unwrap_or((target, ""));
            // a link within the document has no path
            let path = if path.is_empty() { document } else { path };
            assert!(root().join(path).exists(), "{document} links to {target}");
            if !section.is_empty() {
                let sections: Vec<_> = read(path)?.lines().filter_map(anchor).collect();
                assert!(
                    sections.contains(&section.to_owned()),
                    "{document} links to {target}; {path} has {sections:?}"
                );
            }
        }
    }
    Ok(())
}

/// The README says which test shows what: those are “in such quotation marks”.
#[test]
fn tests_that_the_readme_names_are_there() -> Result {
    let mut tests = read("tests/js/guide/scenarios.mjs")?;
    for file in fs::read_dir(root().join("tests/js"))? {
        let path = file?.path();
        if path.to_string_lossy().ends_with(".test.mjs") {
            tests += &fs::read_to_string(path)?;
        }
    }
    let readme = read("README.md")?;
    let named: Vec<_> = between(&readme, "“", "”").collect();
    assert!(!named.is_empty());
    for name in named {
        assert!(tests.contains(&format!("\"{name}\"")), "no test is named “{name}”");
    }
    Ok(())
}
