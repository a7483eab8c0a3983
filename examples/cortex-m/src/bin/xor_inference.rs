//! XOR, with weights from the PC.
#![cfg_attr(any(target_os = "none", target_os = "unknown"), no_std, no_main)]

firmware::firmware!(xor_inference);
