//! What can go wrong, and what of it is told: over HTTP and over a socket the same.

use actix_web::error::{BlockingError, InternalError};
use actix_web::http::StatusCode;
use roomcast::{EmitError, Refusal, Rejection};

#[derive(Debug)]
pub(crate) enum Failure {
    /// The client's own doing, in words for its user.
    Refused(&'static str),
    /// Nobody is logged in.
    Unknown,
    /// Ours: for the log and nobody else.
    Internal(String),
}

impl Failure {
    fn text(&self) -> &'static str {
        match self {
            Self::Refused(text) => text,
            Self::Unknown => "Log in first.",
            Self::Internal(cause) => {
                tracing::error!(cause, "a request failed");
                "Try again later."
            }
        }
    }
}

macro_rules! internal {
    ($($error:ty),+) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::Internal(error.to_string())
            }
        })+
    };
}

internal!(sqlx::Error, bcrypt::BcryptError, BlockingError, EmitError);

impl From<Failure> for actix_web::Error {
    fn from(failure: Failure) -> Self {
        let status = match failure {
            Failure::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Failure::Unknown => StatusCode::UNAUTHORIZED,
            Failure::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        InternalError::new(failure.text(), status).into()
    }
}

impl From<Failure> for Rejection {
    fn from(failure: Failure) -> Self {
        failure.text().into()
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        failure.text().into()
    }
}
