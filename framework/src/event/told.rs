//! What [`Rejection`](crate::Rejection) and [`Refusal`](crate::Refusal) have in common: a text for
//! the client, made from texts and, with `?`, from the errors of emits.

/// Implements it for a type that has `new` and `message`.
macro_rules! told_to_the_client {
    ($error:ty) => {
        impl std::fmt::Display for $error {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.message())
            }
        }

        impl std::error::Error for $error {}

        impl From<&str> for $error {
            fn from(message: &str) -> Self {
                Self::new(message)
            }
        }

        impl From<String> for $error {
            fn from(message: String) -> Self {
                Self::new(message)
            }
        }

        /// The client learns no more than that the server failed.
        impl From<$crate::error::EmitError> for $error {
            fn from(error: $crate::error::EmitError) -> Self {
                tracing::debug!(%error, "an emit failed");
                Self::new("the server could not deliver")
            }
        }

        /// The client that did not answer is told that it did not.
        impl From<$crate::error::AckError> for $error {
            fn from(error: $crate::error::AckError) -> Self {
                tracing::debug!(%error, "an emit with ack failed");
                Self::new("the client did not answer")
            }
        }
    };
}

pub(crate) use told_to_the_client;
