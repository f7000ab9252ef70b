//! Near the cases of `view`: as many views as there may be, by every path.

use socket_session::{on, socket_session};

/// Writes session structs.
macro_rules! views {
    ($($name:ident $prefix:literal),*) => {$(
        /// A view.
        #[socket_session(prefix = $prefix)]
        #[derive(Debug)]
        pub struct $name {
            /// A value.
            pub value: u32,
        }
    )*};
}

views!(One "1", Two "2", Three "3", Four "4", Five "5", Six "6", Seven "7", Eight "8");

/// Modules.
pub mod more {
    use super::socket_session;

    views!(Nine "9");
}

/// Another name of the first.
pub type Alias = One;

/// As many as there may be.
#[on("eight")]
#[expect(clippy::too_many_arguments, reason = "as many as there may be")]
pub async fn eight(
    one: &Alias,
    two: &mut Two,
    _three: Option<&Three>,
    _four: Option<&Four>,
    _five: &more::Nine,
    _six: &mut Six,
    _seven: &Seven,
    _eight: &Eight,
) -> u32 {
    two.value = one.value;
    two.value
}

/// Only where there may be none.
#[on("maybe")]
pub async fn maybe(one: Option<&One>) -> Option<u32> {
    one.map(|view| view.value)
}

/// The function stays a function.
///
/// # Panics
/// Never.
pub async fn called_as_it_is() -> u32 {
    let mut two = Two { value: 1 };
    let (four, seven) = (Four { value: 1 }, Seven { value: 1 });
    let (five, eight_) = (more::Nine { value: 1 }, Eight { value: 1 });
    let mut six = Six { value: 1 };
    eight(&One { value: 2 }, &mut two, None, Some(&four), &five, &mut six, &seven, &eight_).await
}
