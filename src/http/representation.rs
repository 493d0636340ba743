//! How a resource is shown to clients.

use std::sync::Arc;

use serde::Serialize;

/// A resource that clients can see: what they see of it is borrowed from it, and made only when an answer is written.
pub trait Represent {
    /// What clients see: camelCase, absent optional fields left out, times in RFC 3339 (§1).
    type Representation<'a>: Serialize
    where
        Self: 'a;

    /// Shows it.
    fn represent(&self) -> Self::Representation<'_>;
}

impl<T: Represent> Represent for Arc<T> {
    type Representation<'a>
        = T::Representation<'a>
    where
        Self: 'a;

    fn represent(&self) -> Self::Representation<'_> {
        T::represent(self)
    }
}
