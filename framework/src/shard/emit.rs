//! Emits on their way: pending, then staged in the outboxes of their receivers.

use std::sync::Arc;

use super::{
    command::Selection,
    directory::Scope,
    failure::Accepted,
    node::Node,
    pending::{Item, Merged, To, merge},
    slot::Expected,
    state::State,
};
use crate::{event::Collector, id::NamespaceId, transport::frame::Frame};

/// Acks that are looked through at any time.
const FEW_ACKS: usize = 32;

impl State {
    pub(super) fn emit(
        &mut self,
        node: &Node,
        scope: &Arc<Scope>,
        to: &Selection,
        frame: Frame,
        ack: Option<(u64, Arc<Collector>)>,
    ) {
        let (to, except) = self.resolve(scope, to);
        let Some(to) = to else {
            if let Some((_, collector)) = ack {
                self.asked.push((collector, 0));
            }
            return;
        };
        let mut item = Item { frame, except, ack };
        match to {
            To::Slot(slot) if self.pending.is_empty() => {
                self.tell_sent(Some(scope.id), slot, &item.frame);
                item.frame = self.fit(node, slot, Some(scope.id), item.frame);
                let queued = self.deliver(node, Some(scope.id), slot, &item);
                if let Some((_, collector)) = item.ack {
                    self.asked.push((collector, usize::from(queued)));
                }
            }
            to => {
                if let To::Room(room) = to
                    && let Some(room) = self.membership.room_mut(room)
                {
                    room.pending = true;
                }
                self.pending.push(Some(scope.id), to, item);
            }
        }
    }

    /// One frame to one slot, behind whatever is pending.
    pub(crate) fn send(
        &mut self,
        slot: u32,
        namespace: Option<NamespaceId>,
        frame: Frame,
        node: &Node,
    ) {
        if self.pending.is_empty() {
            self.tell_sent(namespace, slot, &frame);
        }
        self.send_told(slot, namespace, frame, 1, node);
    }

    /// The same with a frame that has been told of, and with what it carries: more than one packet only
    /// where nothing is pending.
    pub(super) fn send_told(
        &mut self,
        slot: u32,
        namespace: Option<NamespaceId>,
        frame: Frame,
        carries: u32,
        node: &Node,
    ) {
        if self.pending.is_empty() {
            let frame = self.fit(node, slot, namespace, frame);
            self.push(
                slot,
                namespace,
                frame,
                carries,
                node.config.max_outbox_bytes,
                &node.metrics,
            );
            return;
        }
        let item = Item {
            frame,
            except: None,
            ack: None,
        };
        self.pending.push(namespace, To::Slot(slot), item);
    }

    /// One item to one slot; whether its client will get it.
    fn deliver(
        &mut self,
        node: &Node,
        namespace: Option<NamespaceId>,
        slot: u32,
        item: &Item,
    ) -> bool {
        if item.ack.is_some() && !self.may_ask(slot, node) {
            return false;
        }
        let limit = node.config.max_outbox_bytes;
        let queued = self.push(slot, namespace, item.frame.clone(), 1, limit, &node.metrics);
        if queued && let Some(ack) = &item.ack {
            self.expect(slot, namespace, ack);
        }
        queued
    }

    /// Hands everything pending to the outboxes.
    pub(crate) fn stage(&mut self, node: &Node) {
        while let Some(batch) = self.pending.pop() {
            let (one, many): ([u32; 1], Vec<u32>);
            let slots: &[u32] = match batch.to {
                To::Room(room) => {
                    let Some(room) = self.membership.room_mut(room) else {
                        continue;
                    };
                    room.pending = false;
                    many = room.members().collect();
                    &many
                }
                To::Slots(slots) => {
                    many = slots;
                    &many
                }
                To::Slot(slot) => {
                    one = [slot];
                    &one
                }
            };
            let accepted = Accepted::new(&node.metrics, batch.items.len());
            self.stage_batch(node, batch.namespace, slots, &batch.items);
            accepted.done();
        }
    }

    fn stage_batch(
        &mut self,
        node: &Node,
        namespace: Option<NamespaceId>,
        slots: &[u32],
        items: &[Item],
    ) {
        self.epoch += 1;
        let epoch = self.epoch;
        for except in items.iter().filter_map(|item| item.except) {
            if let Some(slot) = self.slots.get_mut(except as usize) {
                slot.mark = epoch;
            }
        }
        self.tell_batch(namespace, slots, items);
        let mut counted = vec![0; items.iter().filter(|item| item.ack.is_some()).count()];
        if node.config.per_message_deflate.is_none() {
            self.stage_form(node, namespace, slots, items, &mut counted);
        } else {
            let (plain, groups) = self.group(slots, namespace);
            self.stage_form(node, namespace, &plain, items, &mut counted);
            for group in groups {
                let items = self.deflated_items(node, &group, items);
                self.stage_form(node, namespace, &group.slots, &items, &mut counted);
            }
        }
        let collectors = items.iter().filter_map(|item| item.ack.as_ref());
        let collectors = collectors.map(|(_, collector)| Arc::clone(collector));
        self.asked.extend(collectors.zip(counted));
    }

    /// Hands a batch to receivers that get it in one form. Those that do not get all of it are
    /// marked with the epoch. `counted` has a number for each ack.
    fn stage_form(
        &mut self,
        node: &Node,
        namespace: Option<NamespaceId>,
        slots: &[u32],
        items: &[Item],
        counted: &mut [usize],
    ) {
        if slots.is_empty() {
            return;
        }
        let limit = node.config.max_outbox_bytes;
        let epoch = self.epoch;
        let merged = merge(items);
        for &index in slots {
            let marked = self
                .slots
                .get(index as usize)
                .is_some_and(|slot| slot.mark == epoch);
            let mut acks = counted.iter_mut();
            if marked {
                // Not for it: some of the frames.
                for item in items {
                    let count = item.ack.as_ref().and_then(|_| acks.next());
                    if item.except != Some(index)
                        && self.deliver(node, namespace, index, item)
                        && let Some(count) = count
                    {
                        *count += 1;
                    }
                }
                continue;
            }
            for Merged {
                frame,
                carries,
                ack,
            } in &merged
            {
                let count = ack.and_then(|_| acks.next());
                if ack.is_some() && !self.may_ask(index, node) {
                    continue;
                }
                let frame = frame.clone();
                let queued = self.push(index, namespace, frame, *carries, limit, &node.metrics);
                if queued && let (Some(ack), Some(count)) = (ack, count) {
                    self.expect(index, namespace, ack);
                    *count += 1;
                }
            }
        }
    }

    /// Whether a connection owes few enough acks to be asked for another; counted if not.
    ///
    /// What nobody waits for any more is not owed. Of many it is found out once a beat, or a client
    /// that never answers would have each emit look at all of them.
    fn may_ask(&mut self, slot: u32, node: &Node) -> bool {
        let Some(slot) = self.slots.get_mut(slot as usize) else {
            return true;
        };
        let limit = node.config.max_pending_acks;
        if slot.acks.len() >= limit && (limit <= FEW_ACKS || slot.swept != self.beat) {
            slot.swept = self.beat;
            slot.acks.retain(|ack| !ack.collector.closed());
        }
        let may = slot.acks.len() < limit;
        node.metrics.dropped_pending_acks.add(u64::from(!may));
        may
    }

    /// Notes that the socket owes an ack.
    fn expect(
        &mut self,
        slot: u32,
        namespace: Option<NamespaceId>,
        (id, collector): &(u64, Arc<Collector>),
    ) {
        let (Some(slot), Some(namespace)) = (self.slots.get_mut(slot as usize), namespace) else {
            return;
        };
        // What nobody waits for any more must not gather, whatever the client does.
        if slot.acks.len() >= FEW_ACKS && slot.acks.len().is_power_of_two() {
            slot.acks.retain(|ack| !ack.collector.closed());
        }
        slot.acks.push(Expected {
            namespace,
            id: *id,
            collector: Arc::clone(collector),
        });
    }
}
