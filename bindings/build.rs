//! How the library is linked: where it is to be small, as small as the linker can make it. Nothing is generated here.

#[expect(clippy::disallowed_methods, reason = "cargo tells build scripts the target in no other way")]
fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let variable = |name| std::env::var(name).unwrap_or_default();
    // What phones get (profile `mobile`); a wheel is to run on older systems too.
    if variable("OPT_LEVEL") != "z" {
        return;
    }
    let relocations = match variable("CARGO_CFG_TARGET_OS").as_str() {
        // Read by glibc 2.36 and newer.
        "linux" => "-Wl,-z,pack-relative-relocs",
        // Read by Android 9 and newer, which knows them by these tags.
        "android" => "-Wl,--pack-dyn-relocs=relr,--use-android-relr-tags",
        _ => return,
    };
    println!("cargo:rustc-cdylib-link-arg={relocations}");
    // Functions of the same code are one: nothing here compares the addresses of functions.
    println!("cargo:rustc-cdylib-link-arg=-Wl,--icf=all");
}
