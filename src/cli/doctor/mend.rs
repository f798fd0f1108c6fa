//! What to do about what was found: the end of a bad line, in commands where there are any.

use crate::border::EarExit;
use crate::config::Sandbox;
use crate::daemon::ears::Gone;

/// About a SIP profile that is not there, or not as we ship it.
pub(super) fn profile(name: &str) -> String {
    format!(
        "copy dialplan/callgist_profile.xml to the switch's sip_profiles/ and run fs_cli -x reloadxml, then fs_cli -x \
         'sofia profile {name} start' (restart, where it runs already)"
    )
}

/// About what this kernel cannot restrict.
pub(super) fn kernel(policy: Sandbox) -> &'static str {
    match policy {
        Sandbox::Strict => {
            "start a kernel of 6.12 or newer with Landlock on, or set [sandbox] kernel = \"best-effort\" and go without"
        }
        Sandbox::BestEffort => {
            "a kernel of 6.12 or newer with Landlock on can; until then callgist goes without"
        }
    }
}

/// About pages that may be swapped out.
pub(super) const LOCKED_MEMORY: &str = "the packaged unit sets LimitMEMLOCK=infinity; elsewhere raise the limit for the \
                                        user that runs callgist, or turn swap off";

/// About an ear that did not become ready, behind the reason; nothing where that says it all.
pub(super) fn ear(gone: Gone) -> &'static str {
    match gone {
        Gone::Exit(EarExit::Library) => "",
        Gone::Exit(EarExit::Model) => {
            "; mind that the user that runs callgist can read it ([ears] models says where it stands)"
        }
        _ => {
            "; what the ear says itself stands above; where it says nothing, its program or its library is missing or \
             broken: install the package anew"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_model_is_to_be_readable_and_a_broken_ear_to_be_replaced() {
        assert!(ear(Gone::Exit(EarExit::Model)).contains("can read it"));
        assert!(ear(Gone::Signal(11)).contains("install the package"));
        assert_eq!(ear(Gone::Exit(EarExit::Library)), "");
    }
}
