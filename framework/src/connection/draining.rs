//! Connections of a hub that drains.

use std::task::Context;

use super::{
    actor::Link,
    carrier::Carrier,
    clients::{Client, Phase},
    ending::Ending,
};
use crate::{
    error::DisconnectReason,
    protocol::websocket::{Close, CloseCode},
    shard::draining::DrainStage,
};

/// An endpoint that goes away (RFC 6455 section 7.4.1); clients reconnect after any code.
pub(super) const GOING_AWAY: Close<'_> = Close {
    code: CloseCode::GOING_AWAY,
    reason: "server draining",
};

impl Link {
    /// The hub drains: the connection is to end.
    pub(super) fn told_to_drain(&mut self, stage: DrainStage) {
        if stage == DrainStage::Now {
            return self.break_off();
        }
        self.draining = self.draining.max(Some(stage));
        if self.ending.is_closing() {
            self.shard.close_soon(self.key);
        }
    }

    /// Whether no further handler may begin: the connection goes as soon as those that run are done.
    pub(super) fn stops_between_handlers(&self) -> bool {
        self.draining >= Some(DrainStage::BetweenHandlers)
    }

    /// Ends a connection that was told to go, if it may. Its sessions end first: what is
    /// kept of them is on its way to other nodes before the client is.
    pub(super) fn end_drained(&mut self, carrier: &Carrier, cx: &mut Context<'_>) {
        let Some(stage) = self.draining else {
            return;
        };
        if self.ending == Ending::Open && !self.is_needed(stage, carrier) {
            self.leave_all(DisconnectReason::ServerShuttingDown);
            self.ending = Ending::Leaving;
            self.run_clients(cx);
        }
        if self.ending == Ending::Leaving && self.clients.is_empty() {
            self.close_drained();
        }
    }

    fn is_needed(&self, stage: DrainStage, carrier: &Carrier) -> bool {
        let mut clients = self.clients.0.iter();
        match stage {
            DrainStage::WhenIdle => {
                let busy = carrier.has_more()
                    || self.assembler.is_waiting()
                    || clients.any(Client::is_busy);
                busy || self.shard.awaits_acks(self.key)
            }
            DrainStage::BetweenHandlers => {
                clients.any(|client| matches!(client.phase, Phase::Handling { .. }))
            }
            DrainStage::Now => false,
        }
    }

    /// The time is over.
    fn break_off(&mut self) {
        if self.ending.is_closing() && self.clients.is_empty() {
            return self.not_answered();
        }
        self.draining = Some(DrainStage::Now);
        self.cut(DisconnectReason::ServerShuttingDown);
    }

    /// The client has not taken the close in time.
    pub(super) fn not_answered(&mut self) {
        if self.draining.take().is_some() {
            self.core.node.metrics.drained.add("unanswered");
        }
        self.cut(DisconnectReason::TransportClose);
    }

    /// Whether what its sessions do is dropped.
    pub(super) fn is_broken_off(&self) -> bool {
        self.draining == Some(DrainStage::Now)
    }

    /// Counts how the connection has ended if it was to.
    pub(super) fn count_drained(&self) {
        if let Some(stage) = self.draining {
            let outcome = match stage {
                DrainStage::Now => "cut",
                DrainStage::WhenIdle | DrainStage::BetweenHandlers => "closed",
            };
            self.core.node.metrics.drained.add(outcome);
        }
    }
}
