//! What a mistake looks like to the one who made it: one file per message in `ui`, with the compiler's words beside
//! it. `TRYBUILD=overwrite cargo test -p roomcast-macros --test ui` writes them anew.

#[test]
fn mistakes_are_reported_at_the_offending_word() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
