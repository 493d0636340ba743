//! SIGTERM, and what is under way at that moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use crate::crowd::write_until;
use crate::harness::client::customer;
use crate::harness::process::Process;
use crate::harness::trail::{assert_unbroken, changes, whole_trail};
use crate::harness::writer::Writer;
use crate::harness::{poll_until, status_of};
use crate::wire::{UnderWay, Wire};

/// How long a stop may take that nothing holds up.
const PROMPT: Duration = Duration::from_secs(4);

const READY: &str = "GET /health/ready HTTP/1.1\r\nHost: test\r\n\r\n";
const LOGOUT: &str = "POST /api/v1/auth/logout HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n";

#[actix_web::test]
async fn a_stop_under_load_finishes_what_is_under_way_and_loses_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let process = Process::start(folder.path(), &[]);
    let admin = process.admin().await;
    let token = admin.access_token().expect("signed in").to_owned();
    let writers: Vec<Writer> = (0..8).map(|number| Writer::new(&format!("w{number}"), admin.clone(), number)).collect();
    let under_way: Vec<_> = (0..8).map(|number| UnderWay::creation(process.url(), &token, number)).collect();

    let mut writers = write_until(writers, 100, || process.signal("TERM")).await;
    for request in under_way {
        let answer = request.finish();
        assert_eq!(answer.status, 201, "{answer:?}");
        assert!(answer.head.contains("connection: close"), "{answer:?}");
    }
    assert_eq!(process.ended().code(), Some(0));

    let process = Process::start(folder.path(), &[]);
    let admin = process.client().with_token(&token);
    let trail = whole_trail(&admin, "marker").await;
    assert_unbroken(&trail);
    let told = changes(&trail);
    for writer in &mut writers {
        writer.settle(&told);
        writer.verify(&admin).await;
        for promised in writer.promised() {
            assert_eq!(told.iter().filter(|event| *event == promised).count(), 1, "{promised:?}");
        }
    }
    let page = admin.get("/customers?limit=100&include=total").await.expect(200);
    let live: usize = writers.iter().map(|writer| writer.live().count()).sum();
    assert_eq!(page["page"]["total"], live + 8, "those of the halved requests are there too");
}

/// What one connection was told about the customers it wanted to have made, by their numbers.
#[derive(Default)]
struct Told {
    made: Vec<usize>,
    refused: Vec<usize>,
    unanswered: Vec<usize>,
}

#[actix_web::test]
async fn a_stop_answers_every_request_that_it_has_read() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let mut process = Process::start(folder.path(), &[]);
    let token = process.admin().await.access_token().expect("signed in").to_owned();
    let made = Arc::new(AtomicUsize::new(0));
    // Half of them send the next request when they are answered, half send several at once.
    let connections: Vec<_> = (0..16)
        .map(|number| {
            let (wire, token, made) = (Wire::to(process.url()), token.clone(), Arc::clone(&made));
            thread::spawn(move || create_until_closed(wire, &token, number * 100_000, 1 + (number % 2) * 7, &made))
        })
        .collect();
    poll_until(|| made.load(Relaxed) > 300, "the server is under load");
    process.signal("TERM");
    let stopping = Instant::now();
    let told: Vec<Told> = connections.into_iter().map(|one| one.join().expect("it was told")).collect();
    process.line_with("stopped");
    let cut_short = process.log.iter().find(|line| line.contains("cut short"));
    assert_eq!(cut_short, None, "everything was drained");
    assert_eq!(process.ended().code(), Some(0));
    assert!(stopping.elapsed() < PROMPT, "{:?}", stopping.elapsed());

    let process = Process::start(folder.path(), &[]);
    let admin = process.client().with_token(&token);
    let trail = whole_trail(&admin, "marker").await;
    assert_unbroken(&trail);
    let mut events: Vec<String> = changes(&trail).into_iter().map(|(request, ..)| request).collect();
    events.retain(|request| request != "marker");
    let mut promised: Vec<String> = told.iter().flat_map(|told| &told.made).map(ToString::to_string).collect();
    promised.sort_unstable();
    // So no request that was refused or not answered has left anything: it was not begun.
    assert_eq!(events, promised, "each customer that was promised has its one event, and no other has any");
    let page = admin.get("/customers?limit=1&include=total").await.expect(200);
    assert_eq!(page["page"]["total"], promised.len());
    let (refused, unanswered) = (count(&told, |told| &told.refused), count(&told, |told| &told.unanswered));
    println!("{} made, {refused} refused, {unanswered} not read", promised.len());
}

fn count(told: &[Told], which: impl Fn(&Told) -> &Vec<usize>) -> usize {
    told.iter().map(|told| which(told).len()).sum()
}

/// Makes customers over one connection, so many at a time, until the server closes it.
fn create_until_closed(mut wire: Wire, token: &str, first: usize, at_once: usize, made: &AtomicUsize) -> Told {
    let mut told = Told::default();
    for number in (first..).step_by(at_once) {
        let numbers: Vec<usize> = (number..number + at_once).collect();
        let requests: String = numbers.iter().map(|number| creation(token, *number)).collect();
        let sent = wire.try_send(requests);
        for (place, &number) in numbers.iter().enumerate() {
            let answer = if sent { wire.try_answer() } else { None };
            let Some(answer) = answer else {
                told.unanswered.extend(&numbers[place..]);
                return told;
            };
            match answer.status {
                201 => told.made.push(number),
                _ => {
                    assert_eq!((answer.status, &answer.body["code"]), (503, &5001.into()), "{answer:?}");
                    told.refused.push(number);
                }
            }
            made.fetch_add(1, Relaxed);
        }
    }
    told
}

fn creation(token: &str, number: usize) -> String {
    let body = customer(number).to_string();
    format!(
        "POST /api/v1/customers HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {token}\r\nX-Request-Id: {number}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[actix_web::test]
async fn while_it_drains_the_server_says_that_it_is_not_ready() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let mut process = Process::start(folder.path(), &[]);
    let under_way = hold_up(&process).await;
    let mut open = Wire::to(process.url());
    open.send(READY);
    let answer = open.answer();
    assert_eq!(answer.status, 200, "{answer:?}");

    process.signal("TERM");
    process.line_with("stopping");
    let another = Wire::to(process.url());
    for (mut wire, request) in [(open, READY), (another, READY), (Wire::to(process.url()), LOGOUT)] {
        wire.send(request);
        let answer = wire.answer();
        assert_eq!((answer.status, &answer.body["code"]), (503, &5001.into()), "{request}: {answer:?}");
        assert!(answer.head.contains("retry-after: ") && answer.head.contains("connection: close"), "{answer:?}");
        assert_eq!(wire.rest(), "", "and then it closes");
    }
    let live = status_of(&format!("{}/health/live", process.url()));
    assert_eq!(live, Some(200), "a server that drains is not to be killed");

    assert_eq!(under_way.finish().status, 201);
    assert_eq!(process.ended().code(), Some(0));
}

#[actix_web::test]
async fn a_second_signal_stops_at_once() {
    for (first, second) in [("TERM", "TERM"), ("INT", "TERM"), ("TERM", "INT")] {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let mut process = Process::start(folder.path(), &[("SHUTDOWN_TIMEOUT", "3600000")]);
        let _under_way = hold_up(&process).await;
        process.signal(first);
        process.line_with("stopping");
        let told = Instant::now();
        process.signal(second);
        assert_eq!(process.ended().code(), Some(130), "{first}, {second}");
        assert!(told.elapsed() < Duration::from_secs(2), "{:?}", told.elapsed());
    }
}

#[actix_web::test]
async fn a_request_that_does_not_end_is_cut_short_when_the_time_for_stopping_is_over() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let process = Process::start(folder.path(), &[("SHUTDOWN_TIMEOUT", "1000")]);
    let _under_way = hold_up(&process).await;
    let told = Instant::now();
    process.signal("TERM");
    assert_eq!(process.ended().code(), Some(0));
    assert!(told.elapsed() < Duration::from_secs(3), "{:?}", told.elapsed());
}

#[actix_web::test]
async fn idle_connections_do_not_hold_up_a_stop() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let process = Process::start(folder.path(), &[("SHUTDOWN_TIMEOUT", "60000")]);
    let mut idle: Vec<Wire> = (0..20).map(|_| Wire::to(process.url())).collect();
    for wire in &mut idle {
        wire.send(READY);
        assert_eq!(wire.answer().status, 200);
    }
    let told = Instant::now();
    process.signal("TERM");
    assert_eq!(process.ended().code(), Some(0));
    assert!(told.elapsed() < PROMPT, "{:?}", told.elapsed());
}

/// A request that the server is in the middle of.
async fn hold_up(process: &Process) -> UnderWay {
    let admin = process.admin().await;
    UnderWay::creation(process.url(), admin.access_token().expect("signed in"), 0)
}
