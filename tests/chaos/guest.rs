//! A client that uses everything there is, and remembers what it was promised.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::Client;
use crate::harness::client::{Answer, PASSWORD};
use crate::harness::writer::{Step, Writer};

/// No answer may take longer: a request that does hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a request is about, by the actor that answers it once AuthActor and RateLimiterActor have let it in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    /// No actor: probes and pages.
    Nothing,
    /// AuthActor: who am I, my name, refreshing.
    Account,
    /// AuthActor, after a password was compared.
    SignIn,
    Customers,
    Groups,
    Audit,
}

/// A request that was answered.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    pub about: About,
    pub took: Duration,
    pub refused: bool,
}

/// A client that does one thing after the other.
pub struct Guest {
    name: String,
    admin: Client,
    own: Client,
    pub writer: Writer,
    random: fastrand::Rng,
    requests: usize,
    /// The requests of a refresh that was not answered with tokens yet: it is tried again first.
    refreshing: Vec<String>,
    /// What it was promised beside what its writer was: one event with this action, by one of these requests.
    pub promised: Vec<(Vec<String>, &'static str)>,
}

impl Guest {
    /// A guest with an account of its own, who may also do what the administrator may.
    pub async fn arrive(name: String, admin: &Client, anybody: Client, seed: u64) -> Self {
        let own = anybody.registered(&format!("{name}@example.com")).await;
        let mut random = fastrand::Rng::with_seed(seed);
        let writer = Writer::new(&name, admin.clone(), random.u64(..));
        Guest { name, admin: admin.clone(), own, writer, random, requests: 0, refreshing: vec![], promised: vec![] }
    }

    /// Makes one request.
    ///
    /// # Panics
    /// It is answered with anything but a success or a 503 that says when to come back, or not at all.
    pub async fn act(&mut self) -> Sample {
        self.requests += 1;
        let begun = Instant::now();
        let acting = tokio::time::timeout(PATIENCE, self.choose());
        let (about, answer) = acting.await.unwrap_or_else(|_| panic!("{} waits in vain", self.name));
        let refused = answer.is_some_and(|answer| is_refusal(&answer));
        Sample { about, took: begun.elapsed(), refused }
    }

    /// One request of the sort that chance wants, and its answer; `None`: it was done.
    async fn choose(&mut self) -> (About, Option<Answer>) {
        if !self.refreshing.is_empty() {
            return (About::Account, self.refresh().await);
        }
        match self.random.u8(..100) {
            0..12 => (About::Nothing, self.read(["//health/live", "//errors/RESOURCE_DELETED"]).await),
            12..22 => (About::Account, self.look_at_myself().await),
            22..27 => (About::Account, self.rename_myself().await),
            27..32 => (About::Account, self.refresh().await),
            32..34 => (About::SignIn, self.sign_in().await),
            34..46 => (About::Customers, self.read_customer().await),
            46..52 => {
                let lists = ["/customers?limit=10", "/customers/statistics?interval=day", "/customers?include=total"];
                (About::Customers, self.read(lists).await)
            }
            52..60 => (About::Groups, self.read_groups().await),
            60..66 => (About::Audit, self.read_trail().await),
            _ => self.write().await,
        }
    }

    async fn write(&mut self) -> (About, Option<Answer>) {
        let (about, step) = self.writer.try_step().await;
        let about = if about == "groups" { About::Groups } else { About::Customers };
        match step {
            Step::Done => (about, None),
            Step::Failed(answer) => (about, Some(answer)),
            Step::Lost | Step::Stopping => panic!("{} was not answered: {step:?}", self.name),
        }
    }

    async fn read<const N: usize>(&mut self, paths: [&str; N]) -> Option<Answer> {
        let path = paths[self.random.usize(..N)];
        failure(self.admin.get(path).await, 200)
    }

    async fn read_customer(&mut self) -> Option<Answer> {
        let live: Vec<&str> = self.writer.live().collect();
        let Some(&id) = live.get(self.random.usize(..live.len().max(1))) else {
            return failure(self.admin.get("/customers?limit=1").await, 200);
        };
        let answer = self.admin.get(&format!("/customers/{id}")).await;
        // One whose deletion was refused may be gone all the same.
        if answer.status == 410 { None } else { failure(answer, 200) }
    }

    async fn read_groups(&mut self) -> Option<Answer> {
        let group = self.writer.groups().next().map(str::to_owned);
        match (group, self.random.u8(..3)) {
            (Some(id), 0) => failure(self.admin.get(&format!("/customers/groups/{id}")).await, 200),
            (Some(id), 1) => failure(self.admin.get(&format!("/customers/groups/{id}/customers")).await, 200),
            _ => failure(self.admin.get("/customers/groups?limit=5").await, 200),
        }
    }

    /// The newest events, and then perhaps one of them.
    async fn read_trail(&mut self) -> Option<Answer> {
        let answer = self.admin.get("/audit/events?limit=3").await;
        failure(answer, 200)
    }

    async fn look_at_myself(&mut self) -> Option<Answer> {
        failure(self.own.get("/auth/me").await, 200)
    }

    async fn rename_myself(&mut self) -> Option<Answer> {
        let (id, name) = (self.request_id(), format!("{} {}", self.name, self.requests));
        let request = self.own.request(Method::PATCH, "/auth/me").header("X-Request-Id", &id);
        let answer = self.own.send(request.json(&json!({ "name": name }))).await;
        if answer.status != 200 {
            return Some(answer);
        }
        self.promised.push((vec![id], "user.updated"));
        None
    }

    async fn refresh(&mut self) -> Option<Answer> {
        let id = self.request_id();
        let body = json!({"refreshToken": self.own.refresh_token()});
        let request = self.own.request(Method::POST, "/auth/refresh-token").header("X-Request-Id", &id);
        let answer = self.own.send(request.json(&body)).await;
        // The token was perhaps retired by a refresh whose answer was lost: then the same one gets the current one for a
        // while, and it was that request which rotated it.
        self.refreshing.push(id);
        if answer.status != 200 {
            return Some(answer);
        }
        self.adopt(answer.body);
        self.promised.push((std::mem::take(&mut self.refreshing), "auth.refreshed"));
        None
    }

    async fn sign_in(&mut self) -> Option<Answer> {
        let id = self.request_id();
        let body = json!({"email": format!("{}@example.com", self.name), "password": PASSWORD});
        let request = self.own.request(Method::POST, "/auth/login").header("X-Request-Id", &id);
        let answer = self.own.send(request.json(&body)).await;
        if answer.status != 200 {
            return Some(answer);
        }
        self.adopt(answer.body);
        self.promised.push((vec![id], "auth.logged_in"));
        None
    }

    fn adopt(&mut self, tokens: Value) {
        let session = self.own.session.as_mut().expect("a guest is signed in");
        for token in ["accessToken", "refreshToken"] {
            session[token] = tokens[token].clone();
        }
    }

    fn request_id(&self) -> String {
        format!("{}.{}", self.name, self.requests)
    }
}

fn failure(answer: Answer, wanted: u16) -> Option<Answer> {
    (answer.status != wanted).then_some(answer)
}

/// Whether this is a refusal as the contract has it (§2). There is no other failure.
#[track_caller]
fn is_refusal(answer: &Answer) -> bool {
    if answer.status == 207 {
        // A batch some rows of which were refused, each as it would have been alone.
        let rows = answer.body["results"].as_array().expect("a batch has results");
        assert!(rows.iter().all(|row| row["status"] == 200 || row["status"] == 503), "{answer:?}");
        return true;
    }
    assert!(matches!(answer.failure(), (503, 5001 | 4004)), "{answer:?}");
    let retry_after: u64 = answer.header("retry-after").parse().expect("a number of seconds");
    assert!((1..=60).contains(&retry_after), "{answer:?}");
    true
}
