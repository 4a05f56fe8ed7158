//! `countersign-bindgen`: writes the foreign sources of a built library (`bindings/generate.sh` calls it).

fn main() {
    uniffi::uniffi_bindgen_main();
}
