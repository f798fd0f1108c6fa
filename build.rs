//! The build's own questions go in, the linker's and the loader's answers come out: where libvosk is.
//!
//! libvosk is no package of any distribution, so `make` keeps it in the user's cache. Two readers must
//! find it there with nothing set in the environment: the linker, and the loader when the Vosk ear or a
//! test starts. The daemon's binary gets no such path, for it links no recogniser.

use std::env;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // Clones share a build folder: .cargo/config.toml says why this tells them apart.
    println!("cargo::rerun-if-env-changed=CALLGIST_CHECKOUT");
    if env::var_os("CARGO_FEATURE_VOSK").is_some() {
        find_libvosk();
    }
}

fn find_libvosk() {
    for name in ["CALLGIST_VOSK_LIB", "CALLGIST_CACHE", "XDG_CACHE_HOME", "HOME"] {
        println!("cargo::rerun-if-env-changed={name}");
    }
    // A package keeps libvosk beside its programs; that place comes first wherever the ear runs.
    link_ear("$ORIGIN/../lib/callgist");

    let Some(folder) = folder_named().or_else(folder_in_cache) else { return };
    let library = folder.join("libvosk.so");
    // Also when it is missing: once it has come, the next build must look again.
    println!("cargo::rerun-if-changed={}", library.display());
    if library.is_file() {
        println!("cargo::rustc-link-search=native={}", folder.display());
        link_ear(&folder.display().to_string());
        link_unit_tests(&library);
    } else if !installed_system_wide() {
        println!(
            "cargo::warning=libvosk.so is not in {}, so nothing that holds the Vosk ear can be linked. \
             `make models` brings it, CALLGIST_VOSK_LIB names another folder, and \
             `--no-default-features --features whisper` builds without it.",
            folder.display()
        );
    }
}

fn folder_named() -> Option<PathBuf> {
    set("CALLGIST_VOSK_LIB")
}

/// The same answer as `.ci/setup` gives.
fn folder_in_cache() -> Option<PathBuf> {
    let cache = set("CALLGIST_CACHE")
        .or_else(|| Some(set("XDG_CACHE_HOME")?.join("callgist")))
        .or_else(|| Some(set("HOME")?.join(".cache/callgist")))?;
    Some(cache.join("lib"))
}

fn set(name: &str) -> Option<PathBuf> {
    env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// Where linker and loader look by themselves.
fn installed_system_wide() -> bool {
    ["/usr/local/lib", "/usr/lib", "/usr/lib/x86_64-linux-gnu", "/usr/lib64"]
        .iter()
        .any(|folder| Path::new(folder).join("libvosk.so").is_file())
}

/// Lets the Vosk ear and the integration tests find libvosk in `folder` when they start.
fn link_ear(folder: &str) {
    println!("cargo::rustc-link-arg-bin=callgist-ear-vosk=-Wl,-rpath,{folder}");
    println!("cargo::rustc-link-arg-tests=-Wl,-rpath,{folder}");
}

/// Cargo has no link argument for the library's unit tests alone, but it starts them with every search
/// folder inside the build folder on the loader's path.
fn link_unit_tests(library: &Path) {
    let own = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR for every build script"));
    let link = own.join("libvosk.so");
    let _ = std::fs::remove_file(&link);
    symlink(library, &link).expect("cargo's OUT_DIR can be written");
    println!("cargo::rustc-link-search=native={}", own.display());
}
