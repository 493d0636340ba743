//! Clients that change customers and groups, and remember exactly what they were promised.

mod change;
mod verify;

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use self::change::{Change, Customer, Group};
use super::Client;
use super::client::Answer;
use super::trail::Told;

/// A client that changes customers and groups of its own, one request at a time.
pub struct Writer {
    name: String,
    client: Client,
    random: fastrand::Rng,
    requests: usize,
    customers: Vec<Customer>,
    groups: Vec<Group>,
    promised: Vec<Told>,
    /// The requests of which nobody knows what came of them, and what they would change.
    doubts: Vec<(String, Vec<Change>)>,
    /// What they would change it in: it is left alone until they are settled.
    in_doubt: (BTreeSet<usize>, BTreeSet<usize>),
}

/// What came of a request.
#[derive(Debug)]
pub enum Step {
    Done,
    /// The server stops, and has not begun with it.
    Stopping,
    /// It was answered with a failure; whether it was done is in doubt.
    Failed(Answer),
    /// It was not answered; whether it was done is in doubt.
    Lost,
}

impl Writer {
    pub fn new(name: &str, client: Client, seed: u64) -> Self {
        Self {
            name: name.to_owned(),
            client,
            random: fastrand::Rng::with_seed(seed),
            requests: 0,
            customers: Vec::new(),
            groups: Vec::new(),
            promised: Vec::new(),
            doubts: Vec::new(),
            in_doubt: Default::default(),
        }
    }

    /// The same writer at the server's next life.
    pub fn continue_with(&mut self, client: Client) {
        assert!(self.doubts.is_empty(), "what was in doubt is settled first");
        self.client = client;
    }

    /// Makes one request. Whether it was answered by a server that goes on; if it was not answered, its outcome is in doubt.
    pub async fn step(&mut self) -> bool {
        match self.try_step().await.1 {
            Step::Done => true,
            Step::Stopping | Step::Lost => false,
            Step::Failed(answer) => panic!("{:?}: {answer:?}", self.doubts.last()),
        }
    }

    /// Makes one request. What it is about, `customers` or `groups`, and what came of it.
    pub async fn try_step(&mut self) -> (&'static str, Step) {
        let changes = self.choose();
        self.requests += 1;
        let request_id = format!("{}-{}", self.name, self.requests);
        let (method, path, body) = self.request_for(&changes);
        let about = if path.starts_with("/customers/groups") { "groups" } else { "customers" };
        let request = self.client.request(method, &path).header("X-Request-Id", &request_id).json(&body);
        let step = match self.client.try_send(request).await {
            Ok(answer) if answer.body["detail"] == "The server is shutting down" => return (about, Step::Stopping),
            Ok(answer) if (200..300).contains(&answer.status) && answer.status != 207 => {
                for change in changes {
                    self.keep(&request_id, &change, made(&answer));
                }
                return (about, Step::Done);
            }
            Ok(answer) => Step::Failed(answer),
            Err(_) => Step::Lost,
        };
        for change in &changes {
            self.leave_alone(change);
        }
        self.doubts.push((request_id, changes));
        (about, step)
    }

    /// Until it is known what became of this change, nothing is built upon it.
    fn leave_alone(&mut self, change: &Change) {
        let (customers, groups) = &mut self.in_doubt;
        match change {
            Change::Create { .. } | Change::Found { .. } => {}
            Change::Rename { customer, .. } | Change::Employ { customer, .. } => {
                customers.insert(*customer);
            }
            Change::Delete { customer } => {
                customers.insert(*customer);
                let left = &self.customers[*customer].groups;
                groups.extend((0..self.groups.len()).filter(|&group| left.contains(&self.groups[group].id)));
            }
            Change::Add { group, customers: members } | Change::Remove { group, customers: members } => {
                groups.insert(*group);
                customers.extend(members);
            }
        }
    }

    /// Whether a deletion of this customer would change a group that is in doubt.
    fn is_bound(&self, customer: usize) -> bool {
        self.in_doubt.1.iter().any(|&group| self.customers[customer].groups.contains(&self.groups[group].id))
    }

    /// What to change next: most often a customer, sometimes many, sometimes who belongs to a group.
    fn choose(&mut self) -> Vec<Change> {
        let label = format!("{} {}", self.name, self.requests + 1);
        let email = format!("{}.{}@example.com", self.name, self.requests + 1);
        let (customers, groups) = &self.in_doubt;
        let live: Vec<usize> = (0..self.customers.len())
            .filter(|place| !self.customers[*place].deleted && !customers.contains(place))
            .collect();
        let groups: Vec<usize> = (0..self.groups.len()).filter(|place| !groups.contains(place)).collect();
        if live.len() < 3 {
            return vec![Change::Create { name: label, email }];
        }
        if groups.is_empty() {
            return vec![Change::Found { name: label }];
        }
        let customer = live[self.random.usize(..live.len())];
        let group = groups[self.random.usize(..groups.len())];
        let (members, others): (Vec<usize>, Vec<usize>) =
            live.iter().partition(|&&place| self.customers[place].groups.contains(&self.groups[group].id));
        match self.random.u8(..12) {
            0..=3 => vec![Change::Create { name: label, email }],
            4 | 5 => vec![Change::Rename { customer, name: label }],
            6 if !self.is_bound(customer) => vec![Change::Delete { customer }],
            7 | 8 => {
                live.into_iter().take(5).map(|customer| Change::Employ { customer, company: label.clone() }).collect()
            }
            9 if groups.len() < 3 => vec![Change::Found { name: label }],
            10 if !members.is_empty() => vec![Change::Remove { group, customers: members }],
            _ if !others.is_empty() => vec![Change::Add { group, customers: others }],
            _ => vec![Change::Rename { customer, name: label }],
        }
    }

    fn request_for(&self, changes: &[Change]) -> (Method, String, Value) {
        let id = |place: &usize| &self.customers[*place].id;
        let ids = |places: &[usize]| json!({"customerIds": places.iter().map(id).collect::<Vec<_>>()});
        let members = |group: &usize| format!("/customers/groups/{}/customers", self.groups[*group].id);
        match &changes[0] {
            Change::Create { name, email } => {
                (Method::POST, "/customers".to_owned(), json!({"name": name, "email": email}))
            }
            Change::Rename { customer, name } => {
                (Method::PATCH, format!("/customers/{}", id(customer)), json!({"name": name}))
            }
            Change::Employ { company, .. } => {
                let employed = changes.iter().filter_map(|change| match change {
                    Change::Employ { customer, .. } => Some(id(customer)),
                    _ => None,
                });
                let body = json!({"ids": employed.collect::<Vec<_>>(), "data": {"company": company}});
                (Method::PATCH, "/customers/batch".to_owned(), body)
            }
            Change::Delete { customer } => (Method::DELETE, format!("/customers/{}", id(customer)), json!({})),
            Change::Found { name } => (Method::POST, "/customers/groups".to_owned(), json!({"name": name})),
            Change::Add { group, customers } => (Method::POST, members(group), ids(customers)),
            Change::Remove { group, customers } => (Method::DELETE, members(group), ids(customers)),
        }
    }

    /// Takes note of a change that was made; `made` is the id of what it has added, if it has.
    fn keep(&mut self, request_id: &str, change: &Change, made: String) {
        let action = match change {
            Change::Create { .. } => "customer.created",
            Change::Rename { .. } | Change::Employ { .. } => "customer.updated",
            Change::Delete { .. } => "customer.deleted",
            Change::Found { .. } => "group.created",
            Change::Add { .. } => "group.members_added",
            Change::Remove { .. } => "group.members_removed",
        };
        let resource = self.target(change).unwrap_or_else(|| made.clone());
        self.promised.push((request_id.to_owned(), action.to_owned(), resource));
        match change.clone() {
            Change::Create { name, email } => self.customers.push(Customer {
                id: made,
                name,
                email,
                company: None,
                version: 1,
                deleted: false,
                groups: BTreeSet::new(),
            }),
            Change::Rename { customer, name } => self.alter(customer, |customer| customer.name = name),
            Change::Employ { customer, company } => self.alter(customer, |customer| customer.company = Some(company)),
            Change::Delete { customer } => self.delete(customer),
            Change::Found { name } => self.groups.push(Group { id: made, name, version: 1 }),
            Change::Add { group, customers } => self.regroup(group, &customers, |groups, id| groups.insert(id)),
            Change::Remove { group, customers } => self.regroup(group, &customers, |groups, id| groups.remove(&id)),
        }
    }

    /// Its groups have one member less, which is a change of theirs.
    fn delete(&mut self, customer: usize) {
        let left = &self.customers[customer].groups;
        for group in self.groups.iter_mut().filter(|group| left.contains(&group.id)) {
            group.version += 1;
        }
        self.alter(customer, |customer| customer.deleted = true);
    }

    fn alter(&mut self, customer: usize, alter: impl FnOnce(&mut Customer)) {
        let customer = &mut self.customers[customer];
        alter(customer);
        customer.version += 1;
    }

    fn regroup(&mut self, group: usize, customers: &[usize], change: impl Fn(&mut BTreeSet<String>, String) -> bool) {
        self.groups[group].version += 1;
        let id = self.groups[group].id.clone();
        for &customer in customers {
            self.alter(customer, |customer| {
                change(&mut customer.groups, id.clone());
            });
        }
    }

    /// The id of what a change is made to; `None` if it is only made by it.
    fn target(&self, change: &Change) -> Option<String> {
        match change {
            Change::Create { .. } | Change::Found { .. } => None,
            Change::Rename { customer, .. } | Change::Employ { customer, .. } | Change::Delete { customer } => {
                Some(self.customers[*customer].id.clone())
            }
            Change::Add { group, .. } | Change::Remove { group, .. } => Some(self.groups[*group].id.clone()),
        }
    }

    /// Takes the trail's word for what was in doubt. The store has to agree, as for everything else.
    pub fn settle(&mut self, told: &[Told]) {
        self.in_doubt = Default::default();
        for (request_id, changes) in std::mem::take(&mut self.doubts) {
            for change in changes {
                let target = self.target(&change);
                let event = told.iter().find(|(request, _, resource)| {
                    *request == request_id && target.as_ref().is_none_or(|target| target == resource)
                });
                if let Some((_, _, resource)) = event {
                    self.keep(&request_id, &change, resource.clone());
                }
            }
        }
    }

    /// The events there have to be.
    pub fn promised(&self) -> &[Told] {
        &self.promised
    }

    /// The ids of the customers that are there and not deleted.
    pub fn live(&self) -> impl Iterator<Item = &str> {
        self.customers.iter().filter(|customer| !customer.deleted).map(|customer| &*customer.id)
    }

    /// The ids of its groups.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        self.groups.iter().map(|group| &*group.id)
    }
}

/// The id in an answer that has one.
fn made(answer: &Answer) -> String {
    answer.body["id"].as_str().unwrap_or_default().to_owned()
}
