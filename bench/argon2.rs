//! The limit of the machine for sign-ins: argon2id at the product's cost, with nothing around it.
//!
//! `argon2 THREADS SECONDS`: prints hashes a second, of all threads together.

use std::time::{Duration, Instant};

use argon2::{Argon2, Block};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let threads: usize = arguments.next().and_then(|count| count.parse().ok()).expect("a number of threads");
    let seconds: u64 = arguments.next().and_then(|seconds| seconds.parse().ok()).expect("seconds");
    let end = Instant::now() + Duration::from_secs(seconds);
    let hashing: Vec<_> = (0..threads)
        .map(|_| {
            std::thread::spawn(move || {
                let mut hashes = 0_u32;
                let argon2 = Argon2::default();
                let mut memory = vec![Block::default(); argon2.params().block_count()];
                while Instant::now() < end {
                    let hashed = argon2.hash_password_into_with_memory(
                        b"correct horse",
                        b"0123456789abcdef",
                        &mut [0; 32],
                        &mut memory,
                    );
                    hashed.expect("it can be hashed");
                    hashes += 1;
                }
                hashes
            })
        })
        .collect();
    let hashes: u32 = hashing.into_iter().map(|thread| thread.join().expect("it hashes")).sum();
    println!("{:.1}", f64::from(hashes) / seconds as f64);
}
