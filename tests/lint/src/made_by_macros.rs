//! Items that other macros write: their types come in invisible parentheses.

use socket_session::{on, socket_session};
use socketioxide::extract::Data;

/// Writes a session struct and a handler.
macro_rules! counter {
    ($(#[$attr:meta])* $name:ident, $handler:ident, $event:literal, $field:ident: $ty:ty, $view:ty, $extractor:ty) => {
        $(#[$attr])*
        #[socket_session(prefix = $event)]
        #[derive(Debug)]
        pub struct $name {
            /// The field.
            #[session(default = Default::default())]
            pub $field: $ty,
        }

        /// The handler.
        #[on($event)]
        pub async fn $handler(view: $view, by: $extractor) -> $ty {
            let _by: &$extractor = &by;
            view.$field
        }
    };
}

counter!(
    /// One.
    Apples, apples, "apples", count: u32, &mut Apples, Data<(u8, [u16; 2])>
);
counter!(
    /// Two.
    Pears, pears, "pears", count: Option<i64>, &Pears, Data<Option<u8>>
);
