//! A camera that is tuned where it hangs.
#![cfg_attr(any(target_os = "none", target_os = "unknown"), no_std, no_main)]

firmware::firmware!(camera);
