//! `rename_all`: serde's cases, for the keys of fields.

/// A way to write names of several words.
#[derive(Clone, Copy)]
pub(crate) enum Case {
    Lower,
    Upper,
    Pascal,
    Camel,
    Snake,
    ScreamingSnake,
    Kebab,
    ScreamingKebab,
}

impl Case {
    /// All of them, by the names that serde has for them.
    pub(crate) const ALL: [(&str, Self); 8] = [
        ("lowercase", Self::Lower),
        ("UPPERCASE", Self::Upper),
        ("PascalCase", Self::Pascal),
        ("camelCase", Self::Camel),
        ("snake_case", Self::Snake),
        ("SCREAMING_SNAKE_CASE", Self::ScreamingSnake),
        ("kebab-case", Self::Kebab),
        ("SCREAMING-KEBAB-CASE", Self::ScreamingKebab),
    ];

    /// The key of a field, whose name is in snake case.
    pub(crate) fn apply(self, field: &str) -> String {
        match self {
            Self::Lower | Self::Snake => field.to_owned(),
            Self::Upper | Self::ScreamingSnake => field.to_ascii_uppercase(),
            Self::Pascal => field.split('_').map(capital).collect(),
            Self::Camel => {
                let pascal = Self::Pascal.apply(field);
                let mut letters = pascal.chars();
                letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
            }
            Self::Kebab => field.replace('_', "-"),
            Self::ScreamingKebab => field.to_ascii_uppercase().replace('_', "-"),
        }
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::Case;

    /// As in serde's documentation.
    #[test]
    fn cases_are_those_of_serde() {
        let expected = [
            ("lowercase", "very_tasty", "z42"),
            ("UPPERCASE", "VERY_TASTY", "Z42"),
            ("PascalCase", "VeryTasty", "Z42"),
            ("camelCase", "veryTasty", "z42"),
            ("snake_case", "very_tasty", "z42"),
            ("SCREAMING_SNAKE_CASE", "VERY_TASTY", "Z42"),
            ("kebab-case", "very-tasty", "z42"),
            ("SCREAMING-KEBAB-CASE", "VERY-TASTY", "Z42"),
        ];
        let found = Case::ALL.map(|(name, case)| (name, case.apply("very_tasty"), case.apply("z42")));
        assert_eq!(found.each_ref().map(|(name, two, one)| (*name, two.as_str(), one.as_str())), expected);
    }
}
