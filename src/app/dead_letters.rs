//! The way to the dead letters, for who looks at them beside the running nodes.

use crate::broker::rabbitmq::{InvalidUrl, RabbitBroker};
use crate::config::Settings;

use super::ports::rabbitmq;

pub use crate::broker::rabbitmq::{DeadLetter, Which};

/// Why there are no dead letters to look at.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub enum DeadLettersError {
    /// The embedded broker sets nothing aside.
    #[error("there are no dead letters without RabbitMQ: set RABBITMQ_URL to that of the nodes")]
    Embedded,
    /// The URL does not read.
    #[error("RABBITMQ_URL does not read")]
    Url(#[from] InvalidUrl),
}

/// The broker that keeps them. It connects when it is first asked.
///
/// # Errors
/// See [`DeadLettersError`].
pub fn dead_letters(settings: &Settings) -> Result<RabbitBroker, DeadLettersError> {
    rabbitmq(settings)?.ok_or(DeadLettersError::Embedded)
}
