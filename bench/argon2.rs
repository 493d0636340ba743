//! The limit of the machine for sign-ins: argon2id at the product's cost, with nothing around it.
//!
//! `argon2 THREADS SECONDS`: prints hashes a second, of all threads together.

use std::time::{Duration, Instant};

use argon2::Argon2;
use argon2::password_hash::PasswordHasher;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let threads: usize = arguments.next().and_then(|count| count.parse().ok()).expect("a number of threads");
    let seconds: u64 = arguments.next().and_then(|seconds| seconds.parse().ok()).expect("seconds");
    let end = Instant::now() + Duration::from_secs(seconds);
    let hashing: Vec<_> = (0..threads)
        .map(|_| {
            std::thread::spawn(move || {
                let mut hashes = 0_u32;
                while Instant::now() < end {
                    Argon2::default().hash_password(b"correct horse battery").expect("it can be hashed");
                    hashes += 1;
                }
                hashes
            })
        })
        .collect();
    let hashes: u32 = hashing.into_iter().map(|thread| thread.join().expect("it hashes")).sum();
    println!("{:.1}", f64::from(hashes) / seconds as f64);
}
