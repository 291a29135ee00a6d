//! Cookies for load balancers that keep a client on one node by them: with the session's id (Engine.IO
//! v4, section 11), which the hub never reads, or with the node's name (`affinity`).

use std::{
    fmt::Write,
    time::{Duration, SystemTime},
};

use actix_web::http::header::{self, HeaderMap, HeaderValue, HttpDate};

use crate::error::BuildError;

/// A cookie for load balancers: with the session's id, the option
/// [`cookie`](crate::HubBuilder::cookie), or with the node's name, the option
/// [`affinity_cookie`](crate::HubBuilder::affinity_cookie).
///
/// The session's id lets whoever has it read and send as the client, so leave that cookie hidden from
/// scripts, and make it [`secure`](Self::secure) where there is TLS.
///
/// ```
/// use std::time::Duration;
/// use roomcast::{Cookie, prelude::*};
///
/// let cookie = Cookie::named("session").secure(true).max_age(Duration::from_secs(86_400));
/// let builder = Hub::builder().cookie(cookie);
/// ```
#[derive(Debug, Clone)]
#[must_use = "give it to `HubBuilder::cookie`"]
pub struct Cookie {
    name: String,
    max_age: Option<Duration>,
    domain: Option<String>,
    path: Option<String>,
    expires: Option<SystemTime>,
    http_only: bool,
    secure: bool,
    same_site: Option<SameSite>,
}

/// With which requests to other sites a browser sends a cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SameSite {
    /// With none.
    Strict,
    /// Only when the visitor follows a link.
    Lax,
    /// With all; browsers insist on [`Cookie::secure`].
    None,
}

impl Default for Cookie {
    /// Socket.IO's: `io=<sid>; Path=/; HttpOnly; SameSite=Lax`.
    fn default() -> Self {
        Self::named("io")
    }
}

impl Cookie {
    /// With a name of its own, and otherwise the default.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            max_age: None,
            domain: None,
            path: Some("/".to_owned()),
            expires: None,
            http_only: true,
            secure: false,
            same_site: Some(SameSite::Lax),
        }
    }

    /// How long the browser keeps it, in whole seconds. Default: until the browser is closed.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    /// The domain, with those below it. Default: the host only.
    pub fn domain(mut self, domain: &str) -> Self {
        self.domain = Some(domain.to_owned());
        self
    }

    /// Below which path it is sent; `None`: below that of the request. Default `/`.
    pub fn path(mut self, path: Option<&str>) -> Self {
        self.path = path.map(ToOwned::to_owned);
        self
    }

    /// Until when the browser keeps it, in the years 1970 to 9999; `max_age` comes first. Default:
    /// none.
    pub fn expires(mut self, at: SystemTime) -> Self {
        self.expires = Some(at);
        self
    }

    /// Whether it is hidden from scripts. Default true.
    pub fn http_only(mut self, http_only: bool) -> Self {
        self.http_only = http_only;
        self
    }

    /// Whether it is sent over TLS only. Default false; an
    /// [`affinity_cookie`](crate::HubBuilder::affinity_cookie) that is set over TLS always is.
    pub fn secure(mut self, secure: bool) -> Self {
        self.secure = secure;
        self
    }

    /// With which requests to other sites it is sent; `None`: as the browser likes. Default
    /// [`SameSite::Lax`].
    pub fn same_site(mut self, same_site: Option<SameSite>) -> Self {
        self.same_site = same_site;
        self
    }

    /// # Errors
    /// The text that would break the header, or end its part of it early; a time that HTTP cannot
    /// write.
    pub(super) fn check(&self, option: &'static str) -> Result<(), BuildError> {
        let is_part = |text: &String| {
            !text.is_empty() && HeaderValue::from_str(text).is_ok() && !text.contains(';')
        };
        let is_name = is_part(&self.name) && !self.name.contains(['=', ',', '"', ' ', '\t']);
        let rest = [&self.domain, &self.path].into_iter().flatten();
        let name = Some(&self.name).filter(|_| !is_name);
        match name
            .into_iter()
            .chain(rest.filter(|text| !is_part(text)))
            .next()
        {
            Some(text) => Err(BuildError::Header {
                option,
                text: text.clone(),
            }),
            None if self.expires.is_some_and(|at| !has_date(at)) => Err(BuildError::OutOfRange {
                option: "expires",
                allowed: "in the years 1970 to 9999",
            }),
            None => Ok(()),
        }
    }

    /// Whether the browser forgets it while it is open.
    pub(super) fn ends(&self) -> bool {
        self.max_age.is_some() || self.expires.is_some()
    }

    /// Whether browsers drop it: they want one for all sites to be for TLS only.
    pub(super) fn is_dropped(&self) -> bool {
        self.same_site == Some(SameSite::None) && !self.secure
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn set(&self, headers: &mut HeaderMap, id: &str) {
        // Always a value: `check` has run, and an id is plain text.
        if let Ok(value) = HeaderValue::try_from(self.line(id)) {
            headers.append(header::SET_COOKIE, value);
        }
    }

    /// The attributes in the order of the npm package `cookie`.
    fn line(&self, id: &str) -> String {
        let mut line = format!("{}={id}", self.name);
        let mut attribute = |name: &str, value: &dyn std::fmt::Display| {
            // Writing into a `String` never fails.
            let _ = write!(line, "; {name}={value}");
        };
        if let Some(age) = self.max_age {
            attribute("Max-Age", &age.as_secs());
        }
        if let Some(domain) = &self.domain {
            attribute("Domain", domain);
        }
        if let Some(path) = &self.path {
            attribute("Path", path);
        }
        if let Some(at) = self.expires {
            attribute("Expires", &HttpDate::from(at));
        }
        for (name, set) in [("; HttpOnly", self.http_only), ("; Secure", self.secure)] {
            line.push_str(if set { name } else { "" });
        }
        if let Some(same_site) = self.same_site {
            let _ = write!(line, "; SameSite={same_site:?}");
        }
        line
    }
}

/// Whether a time is in the years 1970 to 9999: for others `HttpDate` panics.
fn has_date(at: SystemTime) -> bool {
    const YEAR_10_000: Duration = Duration::from_secs(253_402_300_800);
    at.duration_since(SystemTime::UNIX_EPOCH)
        .is_ok_and(|since| since < YEAR_10_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_that_of_socket_io() {
        let line = Cookie::default().line("id");
        assert_eq!(line, "io=id; Path=/; HttpOnly; SameSite=Lax");
    }

    #[test]
    fn attributes_stand_in_the_order_of_node() {
        let all = Cookie::named("my-cookie")
            .same_site(Some(SameSite::Strict))
            .secure(true)
            .expires(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000))
            .path(Some("/app"))
            .domain("app.example")
            .max_age(Duration::from_millis(86_400_999));
        assert_eq!(
            all.line("id"),
            "my-cookie=id; Max-Age=86400; Domain=app.example; Path=/app; \
             Expires=Sun, 09 Sep 2001 01:46:40 GMT; HttpOnly; Secure; SameSite=Strict"
        );
        let bare = Cookie::default()
            .path(None)
            .http_only(false)
            .same_site(None);
        assert_eq!(bare.line("id"), "io=id");
        let none = Cookie::named("n").same_site(Some(SameSite::None));
        assert_eq!(none.line("id"), "n=id; Path=/; HttpOnly; SameSite=None");
    }

    #[test]
    fn a_cookie_expires_in_a_year_that_http_can_write() {
        let second =
            |at| Cookie::default().expires(SystemTime::UNIX_EPOCH + Duration::from_secs(at));
        let last = second(253_402_300_799);
        assert!(last.check("cookie").is_ok());
        assert!(
            last.line("id")
                .contains("Expires=Fri, 31 Dec 9999 23:59:59 GMT")
        );
        assert!(second(0).check("cookie").is_ok());
        let before = SystemTime::UNIX_EPOCH - Duration::from_nanos(1);
        for cookie in [second(253_402_300_800), Cookie::default().expires(before)] {
            assert!(
                matches!(cookie.check("cookie"), Err(BuildError::OutOfRange { .. })),
                "{cookie:?}"
            );
        }
    }

    #[test]
    fn what_would_break_the_header_is_refused() {
        assert!(
            Cookie::default()
                .domain("a.example")
                .check("cookie")
                .is_ok()
        );
        for cookie in [
            Cookie::named(""),
            Cookie::named("a=b"),
            Cookie::named("a b"),
            Cookie::named("a\n"),
            Cookie::default().domain("a; Secure"),
            Cookie::default().path(Some("/\r\nX: y")),
            Cookie::default().path(Some("")),
        ] {
            assert!(
                matches!(cookie.check("cookie"), Err(BuildError::Header { .. })),
                "{cookie:?}"
            );
        }
    }
}
