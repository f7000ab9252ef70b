//! What must compile: for each rule of `tests/ui`, what comes close to breaking it. And all of it under every lint that
//! a user may have turned on, so that generated code never draws a warning in somebody else's crate.
#![forbid(unsafe_code, missing_docs, unreachable_pub)]
#![deny(
    warnings,
    future_incompatible,
    let_underscore,
    nonstandard_style,
    refining_impl_trait,
    rust_2018_idioms,
    unused,
    elided_lifetimes_in_paths,
    explicit_outlives_requirements,
    impl_trait_redundant_captures,
    macro_use_extern_crate,
    missing_debug_implementations,
    non_ascii_idents,
    redundant_imports,
    redundant_lifetimes,
    single_use_lifetimes,
    trivial_casts,
    trivial_numeric_casts,
    unit_bindings,
    unnameable_types,
    unused_import_braces,
    unused_lifetimes,
    unused_qualifications,
    unused_results,
    variant_size_differences
)]
#![deny(clippy::all, clippy::pedantic, clippy::nursery)]
// Of the restrictions, those that people turn on for a whole crate.
#![deny(
    clippy::absolute_paths,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    clippy::as_conversions,
    clippy::clone_on_ref_ptr,
    clippy::exhaustive_enums,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::let_underscore_must_use,
    clippy::let_underscore_untyped,
    clippy::missing_docs_in_private_items,
    clippy::multiple_inherent_impl,
    clippy::panic,
    clippy::pattern_type_mismatch,
    clippy::same_name_method,
    clippy::shadow_reuse,
    clippy::shadow_same,
    clippy::shadow_unrelated,
    clippy::string_slice,
    clippy::undocumented_unsafe_blocks,
    clippy::unreachable,
    clippy::unseparated_literal_suffix,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm
)]
#![expect(
    clippy::missing_errors_doc,
    clippy::needless_pass_by_ref_mut,
    clippy::unused_async,
    reason = "of handlers as short as these: they are the examples' own, not the generated code's"
)]

pub mod accessors;
pub mod conditional;
pub mod defaults;
pub mod deprecated;
pub mod earlier;
pub mod extractors;
pub mod forbidden;
pub mod fresh;
pub mod generic;
pub mod guards;
pub mod kept;
pub mod keys;
pub mod kinds;
pub mod made_by_macros;
pub mod methods;
pub mod names;
pub mod other_path;
pub mod outputs;
pub mod patterns;
pub mod shadowed;
pub mod views;
pub mod visibility;
pub mod within_functions;
