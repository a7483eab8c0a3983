//! A sine, learned with Adam.
#![cfg_attr(any(target_os = "none", target_os = "unknown"), no_std, no_main)]

firmware::firmware!(sine_adam);
