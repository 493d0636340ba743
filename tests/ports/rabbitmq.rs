//! What the broker on RabbitMQ owes beside what all brokers do: no message lost by any fault, and dead letters.

mod dead_letters;
mod faults;
mod relay;
