//! Near `alias_of_another_field`, `alias_of_itself`, `migrate_of_another_type` and `rename_all_unknown`.

use socket_session::{on, socket_session};

/// Every case that serde knows is a case here; this one is as good as any.
#[socket_session(rename_all = "SCREAMING-KEBAB-CASE", on_corrupt = "default")]
#[derive(Debug)]
pub struct Settings {
    /// An old key that is the name, but not the key, of another field.
    #[session(alias = "page_size", alias = "size")]
    pub name: String,
    /// `PAGE-SIZE`
    pub page_size: u32,
    /// By a method, from a type that is generic.
    #[session(migrate = Self::year, on_corrupt = "reject")]
    pub year: u16,
    /// From anything.
    #[session(key = "mode", migrate = mode)]
    #[session(alias = "mood")]
    pub(crate) mode: Mode,
    /// Without a default, and with all options.
    #[session(key = "k", alias = "l", default = Self::FIRST, migrate = first, on_corrupt = "default")]
    pub all: u8,
}

impl Settings {
    /// A default.
    const FIRST: u8 = 1;

    /// It was one of two.
    fn year(old: (Option<u16>, u16)) -> Result<u16, Missing> {
        old.0.ok_or(Missing)
    }
}

/// What a session field may be.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub(crate) enum Mode {
    /// As it was.
    #[default]
    Plain,
}

/// No error in the sense of `std`.
struct Missing;

/// Takes what it gets.
fn mode(old: serde_json::Value) -> Mode {
    drop(old);
    Mode::Plain
}

/// From a list.
fn first(old: Vec<u8>) -> u8 {
    old.into_iter().next().unwrap_or_default()
}

/// In use.
#[on("settings")]
pub async fn settings(_settings: &Settings) {}
