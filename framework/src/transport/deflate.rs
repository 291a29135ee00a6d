//! permessage-deflate as the hub's options have it.

use actix_web::{HttpRequest, http::header::SEC_WEBSOCKET_EXTENSIONS};

use crate::{
    config::PerMessageDeflate,
    protocol::websocket::deflate::{Agreed, Effort, Terms, WindowBits, negotiate},
};

/// What the request and the options agree to.
pub(super) fn agree(req: &HttpRequest, options: &PerMessageDeflate) -> Option<Agreed> {
    let headers = req.headers().get_all(SEC_WEBSOCKET_EXTENSIONS);
    let terms = Terms {
        server_window: window(options.server_max_window_bits),
        client_window: window(options.client_max_window_bits),
    };
    negotiate(headers.filter_map(|value| value.to_str().ok()), terms)
}

pub(crate) fn effort(options: &PerMessageDeflate) -> Effort {
    Effort {
        level: options.level,
        memory_level: options.memory_level,
    }
}

/// The hub was built with values in range only.
fn window(bits: u8) -> WindowBits {
    WindowBits::new(bits).unwrap_or(WindowBits::MAX)
}
