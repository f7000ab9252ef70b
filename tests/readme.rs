//! What the documents show, link to and quote is there.

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
};

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> Result<String> {
    let path = path.as_ref();
    fs::read_to_string(root().join(path)).map_err(|error| format!("{}: {error}", path.display()).into())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect()
}

/// All that lie at the root, in `docs`, and with each example and each store.
fn documents() -> Result<Vec<PathBuf>> {
    let mut folders = vec![root().to_owned(), root().join("docs")];
    folders.extend(entries(&root().join("examples"))?);
    folders.extend(entries(&root().join("stores"))?);
    let mut documents = Vec::new();
    for folder in folders.iter().filter(|folder| folder.is_dir()) {
        documents.extend(entries(folder)?.into_iter().filter(|path| path.extension().is_some_and(|name| name == "md")));
    }
    Ok(documents)
}

/// A link into the repository.
struct Link {
    name: String,
    path: PathBuf,
    section: String,
}

fn links(document: &Path) -> Result<Vec<Link>> {
    let text = read(document)?;
    let folder = document.parent().unwrap_or(root());
    let pairs = text.split("](").zip(text.split("](").skip(1));
    let links = pairs.filter_map(|(before, after)| Some((before.rsplit('[').next()?, after.split(')').next()?)));
    let links = links.filter(|(_, target)| !target.starts_with("https://"));
    Ok(links
        .map(|(name, target)| {
            let (path, section) = target.split_once('#').unwrap_or((target, ""));
            // a link within the document has no path
            let path = if path.is_empty() { document.to_owned() } else { folder.join(path) };
            Link { name: name.to_owned(), path, section: section.to_owned() }
        })
        .collect())
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
    for document in documents()? {
        for Link { name, path, section } in links(&document)? {
            assert!(path.exists(), "{}: [{name}] leads to {}", document.display(), path.display());
            if !section.is_empty() {
                let sections: Vec<_> = read(&path)?.lines().filter_map(anchor).collect();
                assert!(
                    sections.contains(&section),
                    "{}: [{name}] leads to #{section} of {sections:?}",
                    document.display()
                );
            }
        }
    }
    Ok(())
}

/// Where a link to a file of Rust is called `so`, that is what the file has, a test for instance.
#[test]
fn what_links_to_code_are_called_is_there() -> Result {
    let mut named = 0;
    for document in documents()? {
        for Link { name, path, .. } in links(&document)? {
            let code = name.strip_prefix('`').and_then(|name| name.strip_suffix('`'));
            if let Some(code) = code.filter(|_| path.extension().is_some_and(|name| name == "rs")) {
                assert!(read(&path)?.contains(code), "{}: `{code}` is not in {}", document.display(), path.display());
                named += 1;
            }
        }
    }
    assert!(named > 0);
    Ok(())
}

/// The README says which test shows what: those are “in such quotation marks”.
#[test]
fn tests_that_the_readme_names_are_there() -> Result {
    let mut tests = read("tests/js/guide/scenarios.mjs")?;
    for path in entries(&root().join("tests/js"))? {
        if path.to_string_lossy().ends_with(".test.mjs") {
            tests += &read(path)?;
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
