#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| frankly_fuzz::json(bytes));
