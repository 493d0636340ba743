//! kill -9 in the middle of everything.

use serde_json::Value;

use crate::crowd::write_until;
use crate::harness::Client;
use crate::harness::process::Process;
use crate::harness::trail::{assert_unbroken, changes, whole_trail};
use crate::harness::writer::Writer;

const WRITERS: usize = 16;
const ROUNDS: usize = 6;

#[actix_web::test]
async fn after_a_kill_every_write_that_was_answered_is_there_once_with_its_one_event() {
    let seed = std::env::var("FAULTS_SEED").map_or_else(|_| fastrand::u64(..), |seed| seed.parse().expect("a number"));
    println!("to repeat: FAULTS_SEED={seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let mut process = Process::start(folder.path(), &[]);
    let admin = process.admin().await;
    let token = admin.access_token().expect("signed in").to_owned();
    let mut writers: Vec<Writer> =
        (0..WRITERS).map(|number| Writer::new(&format!("w{number}"), admin.clone(), random.u64(..))).collect();
    let mut expected = Vec::new();
    for round in 1..=ROUNDS {
        writers = write_until(writers, random.usize(20..250), || process.kill()).await;
        process = Process::start(folder.path(), &[]);
        let admin = process.client().with_token(&token);
        let marker = format!("marker-{round}");
        let trail = whole_trail(&admin, &marker).await;
        assert_unbroken(&trail);
        let told = changes(&trail);
        let marks = told.iter().filter(|(request, ..)| *request == marker);
        expected.extend(marks.cloned());
        for writer in &mut writers {
            writer.settle(&told);
            writer.verify(&admin).await;
            writer.continue_with(admin.clone());
        }
        let mut promised: Vec<_> = writers.iter().flat_map(Writer::promised).chain(&expected).cloned().collect();
        promised.sort_unstable();
        assert_eq!(told, promised, "the trail tells what was done, and nothing else, in round {round}");
        let mut live: Vec<&str> = writers.iter().flat_map(Writer::live).collect();
        live.sort_unstable();
        assert_eq!(listed(&admin).await, live, "in round {round}");
    }
}

/// All customers that are listed.
pub async fn customers(admin: &Client) -> Vec<Value> {
    let mut customers = Vec::new();
    let mut path = "/customers?limit=100".to_owned();
    loop {
        let mut page = admin.get(&path).await.expect(200);
        customers.append(page["data"].as_array_mut().expect("a list"));
        match page["page"]["nextCursor"].as_str() {
            Some(cursor) => path = format!("/customers?limit=100&cursor={cursor}"),
            None => return customers,
        }
    }
}

/// The ids of all customers that are listed, sorted.
async fn listed(admin: &Client) -> Vec<String> {
    let customers = customers(admin).await;
    let mut ids: Vec<String> =
        customers.iter().map(|customer| customer["id"].as_str().expect("an id").to_owned()).collect();
    ids.sort_unstable();
    ids
}
