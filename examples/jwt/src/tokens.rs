//! Tokens: what is in them, how they are made and checked.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode,
    errors::{Error, ErrorKind},
    get_current_timestamp,
};
use serde::{Deserialize, Serialize};

use crate::accounts::{Account, Role};
use crate::hs256;

const ISSUER: &str = "roomcast example jwt";

/// For how long one is logged in.
const RENEWABLE: Duration = Duration::from_secs(8 * 60 * 60);

/// What a token is good for. One that is meant for something else is not valid.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    /// Opens sockets. Short-lived, since scripts can read it.
    Socket,
    /// Gets tokens of the other kind. In a cookie, which scripts cannot read.
    Renewal,
}

impl Purpose {
    fn audience(self) -> &'static str {
        match self {
            Self::Socket => "socket",
            Self::Renewal => "renewal",
        }
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Claims {
    iss: String,
    aud: String,
    /// The account's name.
    pub(crate) sub: String,
    pub(crate) role: Role,
    /// Seconds since 1970.
    pub(crate) exp: u64,
}

impl Claims {
    pub(crate) fn expires(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.exp)
    }
}

/// Why a token is refused. Clients get a new one for `Expired`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    Expired,
    Invalid,
}

impl Refused {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Expired => "token_expired",
            Self::Invalid => "token_invalid",
        }
    }
}

pub(crate) struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    /// Of tokens for sockets.
    pub(crate) lifetime: Duration,
}

impl Tokens {
    pub(crate) fn from_environment() -> Result<Self, String> {
        let secret = match std::env::var("JWT_SECRET") {
            Ok(secret) => secret.into_bytes(),
            Err(_) => random()?,
        };
        if secret.len() < 32 {
            return Err("JWT_SECRET is too short: 32 bytes or more".to_owned());
        }
        let seconds = match std::env::var("TOKEN_SECONDS") {
            Ok(text) => text
                .parse()
                .ok()
                .filter(|seconds| (1..=86_400).contains(seconds)),
            Err(_) => Some(60),
        };
        let seconds = seconds.ok_or("TOKEN_SECONDS is 1 to 86400")?;
        Ok(Self::new(&secret, Duration::from_secs(seconds)))
    }

    pub(crate) fn new(secret: &[u8], lifetime: Duration) -> Self {
        hs256::install();
        Self {
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
            lifetime,
        }
    }

    pub(crate) fn issue(&self, purpose: Purpose, account: &Account) -> Result<String, Error> {
        let lifetime = match purpose {
            Purpose::Socket => self.lifetime,
            Purpose::Renewal => RENEWABLE,
        };
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: purpose.audience().to_owned(),
            sub: account.name.to_owned(),
            role: account.role,
            exp: get_current_timestamp() + lifetime.as_secs(),
        };
        encode(&Header::new(Algorithm::HS256), &claims, &self.encoding)
    }

    pub(crate) fn verify(&self, purpose: Purpose, token: &str) -> Result<Claims, Refused> {
        // The algorithm is ours to name: never the one that the token names.
        let mut validation = Validation::new(Algorithm::HS256);
        // All clocks are this machine's, and a socket of a token that ends now would end at once.
        validation.leeway = 0;
        validation.reject_tokens_expiring_in_less_than = 1;
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[purpose.audience()]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        match decode(token, &self.decoding, &validation) {
            Ok(token) => Ok(token.claims),
            Err(error) if *error.kind() == ErrorKind::ExpiredSignature => Err(Refused::Expired),
            Err(error) => {
                tracing::debug!(%error, "a token is refused");
                Err(Refused::Invalid)
            }
        }
    }
}

/// A secret for as long as this process runs: after a restart everybody has to log in again.
fn random() -> Result<Vec<u8>, String> {
    let mut secret = vec![0; 32];
    getrandom::fill(&mut secret).map_err(|error| error.to_string())?;
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts;

    const SECRET: &[u8] = b"a secret of thirty-two characters";

    #[test]
    fn a_token_is_good_for_its_purpose_and_under_its_secret() {
        let tokens = Tokens::new(SECRET, Duration::from_secs(60));
        let ann = accounts::find("ann").expect("ann");
        let token = tokens.issue(Purpose::Socket, ann).expect("a token");
        let verified = tokens.verify(Purpose::Socket, &token);
        assert_eq!(verified.map(|claims| claims.sub), Ok("ann".to_owned()));
        let refused = |tokens: &Tokens, purpose, token: &str| tokens.verify(purpose, token).err();
        let invalid = Some(Refused::Invalid);
        assert_eq!(refused(&tokens, Purpose::Renewal, &token), invalid);
        let other = Tokens::new(
            b"another secret of forty-two characters...",
            tokens.lifetime,
        );
        assert_eq!(refused(&other, Purpose::Socket, &token), invalid);
        // {"alg":"none"}
        let body = token.split('.').nth(1).expect("three parts");
        let unsigned = format!("eyJhbGciOiJub25lIn0.{body}.");
        assert_eq!(refused(&tokens, Purpose::Socket, &unsigned), invalid);
        assert_eq!(refused(&tokens, Purpose::Socket, "nonsense"), invalid);
    }
}
