//! Expansions as snapshots (`UPDATE_EXPECT=1` writes them), and the promises about errors.

mod errors;
mod events;
mod handler;
mod session;

use crate::handler::Kind;
use proc_macro2::TokenStream;
use syn::Item;

fn tokens(source: &str) -> TokenStream {
    source.parse().expect("the test's own source")
}

fn session(args: &str, item: &str) -> TokenStream {
    crate::session::expand(tokens(args), tokens(item))
}

fn handler(kind: Kind, args: &str, item: &str) -> TokenStream {
    crate::handler::expand(kind, tokens(args), tokens(item))
}

fn events(args: &str, item: &str) -> TokenStream {
    crate::events::expand(tokens(args), tokens(item))
}

fn pretty(expansion: TokenStream) -> String {
    prettyplease::unparse(&syn::parse2(expansion).expect("an expansion is a list of items"))
}

/// The messages of an expansion, and the items that it has besides.
fn split(expansion: TokenStream) -> (Vec<String>, Vec<Item>) {
    let file: syn::File = syn::parse2(expansion).expect("an expansion is a list of items");
    let (errors, items): (Vec<_>, Vec<_>) = file.items.into_iter().partition(|item| matches!(item, Item::Macro(_)));
    let message = |item: Item| match item {
        Item::Macro(item) => item.mac.parse_body::<syn::LitStr>().expect("a message").value(),
        _ => unreachable!("only macros were kept"),
    };
    (errors.into_iter().map(message).collect(), items)
}
