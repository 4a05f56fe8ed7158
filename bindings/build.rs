//! How the library is linked: as small as the linker can make it. Nothing is generated here.

#[expect(clippy::disallowed_methods, reason = "cargo tells build scripts the target in no other way")]
fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let relocations = match std::env::var("CARGO_CFG_TARGET_OS").as_deref() {
        // Read by glibc 2.36 and newer.
        Ok("linux") => "-Wl,-z,pack-relative-relocs",
        // Read by Android 9 and newer, which knows them by these tags.
        Ok("android") => "-Wl,--pack-dyn-relocs=relr,--use-android-relr-tags",
        _ => return,
    };
    println!("cargo:rustc-cdylib-link-arg={relocations}");
    // Functions of the same code are one: nothing here compares the addresses of functions.
    println!("cargo:rustc-cdylib-link-arg=-Wl,--icf=all");
}
