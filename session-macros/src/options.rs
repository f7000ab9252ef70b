//! Options of an attribute, `key = value, flag, …`: each read at most once, unknown ones with the nearest known
//! name, and a mistake in one does not hide a mistake in the next.

use crate::errors::{Errors, taught};
use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{LitStr, Token};

/// One option: the key that named it, and its value unless that was wrong.
#[derive(Clone)]
pub(crate) struct Slot<T>(Option<(Ident, Option<T>)>);

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Slot<T> {
    pub(crate) fn fill(&mut self, key: &Ident, value: syn::Result<T>) -> syn::Result<()> {
        if self.0.is_some() {
            let wrong = format_args!("option `{key}` is given twice");
            return Err(taught(key, wrong, format_args!("remove one `{key}`")));
        }
        let (value, wrong) = match value {
            Ok(value) => (Some(value), Ok(())),
            Err(error) => (None, Err(error)),
        };
        self.0 = Some((key.clone(), value));
        wrong
    }

    pub(crate) fn get(&self) -> Option<&T> {
        self.0.as_ref()?.1.as_ref()
    }

    pub(crate) fn key(&self) -> Option<&Ident> {
        self.0.as_ref().map(|(key, _)| key)
    }

    /// What another attribute says, where this one says nothing.
    pub(crate) fn or(&mut self, other: &Self)
    where
        T: Clone,
    {
        if self.0.is_none() {
            self.0.clone_from(&other.0);
        }
    }

    /// Given, but with a value that was reported.
    pub(crate) fn is_wrong(&self) -> bool {
        matches!(self.0, Some((_, None)))
    }
}

/// Reads what is left of `input` as options, handing each known one to `read`.
pub(crate) fn read_all(
    input: ParseStream<'_>,
    errors: &Errors,
    known: &[&str],
    mut read: impl FnMut(&Ident, ParseStream<'_>) -> syn::Result<()>,
) {
    while !input.is_empty() {
        if let Err(error) = read_one(input, known, &mut read) {
            errors.push(error);
            skip_to_comma(input);
        }
        // `read_one` stops at a comma or at the end.
        let _: Result<Token![,], _> = input.parse();
    }
}

fn read_one(
    input: ParseStream<'_>,
    known: &[&str],
    read: &mut impl FnMut(&Ident, ParseStream<'_>) -> syn::Result<()>,
) -> syn::Result<()> {
    if !input.peek(Ident::peek_any) {
        let found: TokenTree = input.parse()?;
        let wrong = format_args!("expected an option, found `{found}`");
        return Err(taught(&found, wrong, format_args!("options are {}", list(known))));
    }
    let key = input.call(Ident::parse_any)?;
    if !known.iter().any(|known| key == known) {
        return Err(unknown(&key, known));
    }
    read(&key, input)?;
    if input.is_empty() || input.peek(Token![,]) {
        return Ok(());
    }
    let found: TokenTree = input.parse()?;
    let wrong = format_args!("unexpected `{found}` after option `{key}`");
    Err(taught(&found, wrong, "options are separated by commas"))
}

fn skip_to_comma(input: ParseStream<'_>) {
    while !input.is_empty() && !input.peek(Token![,]) {
        let _: syn::Result<TokenTree> = input.parse();
    }
}

/// `= value`; `example` shows a whole option where the value is missing or of another kind.
pub(crate) fn value<T: Parse>(key: &Ident, input: ParseStream<'_>, example: &str) -> syn::Result<T> {
    if !input.peek(Token![=]) {
        return Err(taught(key, format_args!("option `{key}` needs a value"), format_args!("write `{example}`")));
    }
    input.parse::<Token![=]>()?;
    if input.is_empty() || input.peek(Token![,]) {
        return Err(taught(key, format_args!("option `{key}` needs a value"), format_args!("write `{example}`")));
    }
    // What cannot be read is underlined as a whole, not at the token where reading it stopped.
    let fork = input.fork();
    input.parse::<T>().map_err(|_| {
        let found = up_to_comma(&fork);
        taught(found, format_args!("option `{key}` does not take this value"), format_args!("write `{example}`"))
    })
}

/// A string literal that says something: an empty one is always a slip.
pub(crate) fn text(key: &Ident, input: ParseStream<'_>, example: &str) -> syn::Result<LitStr> {
    let text: LitStr = value(key, input, example)?;
    if text.value().is_empty() {
        let help = format_args!("write `{example}`, or leave `{key}` out");
        return Err(taught(&text, format_args!("option `{key}` is empty"), help));
    }
    Ok(text)
}

/// A string literal that is one of a few.
pub(crate) fn choice<T: Copy>(
    key: &Ident,
    input: ParseStream<'_>,
    example: &str,
    choices: &[(&str, T)],
) -> syn::Result<T> {
    let text = text(key, input, example)?;
    let written = text.value();
    if let Some((_, choice)) = choices.iter().find(|(name, _)| *name == written) {
        return Ok(*choice);
    }
    let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
    let likely = nearest(&written, &names).map_or_else(|| example.to_owned(), |name| format!("{key} = \"{name}\""));
    let wrong = format_args!("option `{key}` knows no `{written}`, expected {}", list(&names));
    Err(taught(&text, wrong, format_args!("write `{likely}`")))
}

pub(crate) fn flag(key: &Ident, input: ParseStream<'_>) -> syn::Result<()> {
    if input.peek(Token![=]) {
        let found = up_to_comma(&input.fork());
        return Err(taught(found, format_args!("option `{key}` takes no value"), format_args!("write `{key}`")));
    }
    Ok(())
}

/// The tokens up to the next comma, taken from `input`.
pub(crate) fn up_to_comma(input: ParseStream<'_>) -> TokenStream {
    let mut found = TokenStream::new();
    while !input.is_empty() && !input.peek(Token![,]) {
        found.extend(input.parse::<TokenTree>());
    }
    found
}

fn unknown(key: &Ident, known: &[&str]) -> syn::Error {
    let wrong = format!("unknown option `{key}`, expected {}", list(known));
    let help = if let Some(home) = home(key) {
        format!("`{key}` belongs on {home}")
    } else if let Some(nearest) = nearest(&key.to_string(), known) {
        format!("did you mean `{nearest}`?")
    } else {
        format!("remove `{key}`")
    };
    taught(key, wrong, help)
}

/// Where an option of one of our attributes belongs, for those who wrote it on another.
fn home(key: &Ident) -> Option<&'static str> {
    Some(match key.to_string().as_str() {
        "guard" => "an event: `#[on(\"event\", guard = path)]`",
        "fresh" => "an event: `#[on(\"event\", fresh = \"5s\")]`",
        "prefix" => "the session struct: `#[socket_session(prefix = \"cart.\")]`",
        "rename_all" => "the session struct: `#[socket_session(rename_all = \"camelCase\")]`",
        "key" => "a field: `#[session(key = \"userId\")]`",
        "alias" => "a field: `#[session(alias = \"oldKey\")]`",
        "migrate" => "a field: `#[session(migrate = from_old)]`",
        "default" => "a field: `#[session(default = 1)]`",
        "skip" => "a field: `#[session(skip)]`",
        "name" | "with" => "the handlers' block: `#[socket_events(name = Chat)] impl Visit { … }`",
        "crate" => "the attribute of the whole item: `#[socket_session(crate = ::path)]`",
        _ => return None,
    })
}

fn list(known: &[&str]) -> String {
    let names: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [one] => one.clone(),
        several => format!("one of: {}", several.join(", ")),
    }
}

fn nearest<'a>(key: &str, known: &[&'a str]) -> Option<&'a str> {
    // what serde calls it
    if key == "rename" && known.contains(&"key") {
        return Some("key");
    }
    let close = |name: &&&str| distance(key, name) <= 2 || name.starts_with(key) || key.starts_with(**name);
    known.iter().filter(close).min_by_key(|name| distance(key, name)).copied()
}

/// Levenshtein's distance, a row at a time.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, left) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut before = i + 1;
        for (cell, right) in row.iter_mut().skip(1).zip(b.chars()) {
            let substitute = diagonal + usize::from(left != right);
            diagonal = *cell;
            before = substitute.min(before + 1).min(*cell + 1);
            *cell = before;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}
