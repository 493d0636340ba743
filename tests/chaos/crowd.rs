//! Guests that come and go together.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::guest::{Guest, Sample};
use crate::harness::TestServer;

/// What was answered so far.
pub type Samples = Rc<RefCell<Vec<Sample>>>;

/// All guests.
pub struct Crowd(pub Vec<Guest>);

impl Crowd {
    /// So many guests with accounts of their own.
    pub async fn gather(server: &TestServer, guests: usize, random: &mut fastrand::Rng) -> Self {
        let admin = server.admin().await;
        let mut crowd = Vec::new();
        for number in 0..guests {
            crowd.push(Guest::arrive(format!("g{number}"), &admin, server.client(), random.u64(..)).await);
        }
        Self(crowd)
    }

    /// Has all guests act at once, until they have made so many requests and `meanwhile` is over.
    pub async fn act<T, F>(&mut self, requests: usize, meanwhile: impl FnOnce(Samples) -> F) -> (Vec<Sample>, T)
    where
        F: Future<Output = T>,
    {
        let (samples, over) = (Samples::default(), Rc::new(Cell::new(false)));
        let acting: Vec<_> = std::mem::take(&mut self.0)
            .into_iter()
            .map(|mut guest| {
                let (samples, over) = (Rc::clone(&samples), Rc::clone(&over));
                actix_web::rt::spawn(async move {
                    while !over.get() || samples.borrow().len() < requests {
                        let sample = guest.act().await;
                        samples.borrow_mut().push(sample);
                    }
                    guest
                })
            })
            .collect();
        let outcome = meanwhile(Rc::clone(&samples)).await;
        over.set(true);
        for guest in acting {
            self.0.push(guest.await.expect("a guest is answered as the contract has it"));
        }
        (samples.take(), outcome)
    }
}
