//! What a worker tells whoever watches the hub. Where nobody can, each of these is one branch.

use std::sync::Arc;

#[cfg(feature = "admin")]
use super::local::Shard;
use super::{
    directory::{RoomName, Scope, is_reserved},
    held::Waiting,
    membership::RoomIndex,
    monitor::{Monitor, notice::What},
    pending::Item,
    slot::Seat,
    state::State,
};
use crate::{
    error::DisconnectReason,
    id::{NamespaceId, SlotKey, SocketId},
    protocol::websocket::{Opcode, frame::split_sent},
    transport::frame::Frame,
};

/// Receivers of one event that are told on one worker, the others are counted: an event for a room of
/// thousands would fill the page with nothing else.
const MAX_RECEIVERS: usize = 256;

/// Receivers that are left out and looked for among the others, one by one. To look at each slot instead costs
/// more than what is told of it.
const FEW: usize = 4;

#[cfg(feature = "admin")]
impl Shard {
    /// Bytes that wait for this connection to take them; `None` once it has gone.
    pub(crate) fn waiting_for(&self, key: SlotKey) -> Option<usize> {
        let state = self.state.borrow();
        Some(state.slot(key)?.outbox.bytes())
    }
}

impl State {
    /// Who is to be told what becomes of sockets now.
    fn monitor(&self) -> Option<&Monitor> {
        let watch = self.watch.as_ref()?;
        watch.monitor.is_watched().then_some(&*watch.monitor)
    }

    /// A socket is in its namespace, after its reply; `held` went out behind that.
    pub(super) fn tell_connected(&self, scope: &Scope, slot: u32, held: &[Waiting]) {
        let Some(monitor) = self.monitor() else {
            return;
        };
        let Some(mut found) = self.found(slot, scope.id) else {
            return;
        };
        found.rooms.retain(|room| !is_reserved(room));
        let id = found.id;
        monitor.tell(scope, || What::Connected(Box::new(found)));
        for Waiting { frame, carries } in held {
            for packet in packets(frame, *carries) {
                monitor.tell_event(scope, || What::Sent(vec![id], packet));
            }
        }
    }

    /// A WebSocket carries the connection from now on.
    pub(super) fn tell_upgraded(&self, key: SlotKey) {
        let (Some(monitor), Some(slot)) = (self.monitor(), self.slot(key)) else {
            return;
        };
        for seat in slot.sockets.iter().filter(|seat| seat.settled) {
            if let Some(scope) = self.scope(seat) {
                monitor.tell(scope, || What::Upgraded(seat.id));
            }
        }
    }

    /// The namespace of a socket that is in it.
    fn scope(&self, seat: &Seat) -> Option<&Arc<Scope>> {
        let room = self.membership.room(*seat.rooms.first()?)?;
        Some(&room.scope)
    }

    pub(super) fn tell_data(&self, scope: &Scope, slot: u32, data: &Arc<String>) {
        if let Some(monitor) = self.monitor()
            && let Some(id) = self.settled(slot, scope.id)
        {
            monitor.tell(scope, || What::Data(id, Arc::clone(data)));
        }
    }

    /// The socket that is there for everyone to see.
    fn settled(&self, slot: u32, namespace: NamespaceId) -> Option<SocketId> {
        let seat = self.slots.get(slot as usize)?.seat(namespace)?;
        seat.settled.then_some(seat.id)
    }

    /// A socket has joined a room, or is about to leave it.
    pub(super) fn tell_room(
        &self,
        slot: u32,
        room: RoomIndex,
        what: impl FnOnce(SocketId, RoomName) -> What,
    ) {
        let (Some(monitor), Some(room)) = (self.monitor(), self.membership.room(room)) else {
            return;
        };
        let name = room.shared.name.as_ref();
        let Some(name) = name.filter(|name| !is_reserved(name)) else {
            return;
        };
        if let Some(id) = self.settled(slot, room.scope.id) {
            monitor.tell(&room.scope, || what(id, Arc::clone(name)));
        }
    }

    /// The worker ends, with all its sockets.
    pub(super) fn tell_abandoned(&self) {
        let Some(monitor) = self.monitor() else {
            return;
        };
        let seats = self.slots.iter().flat_map(|(_, slot)| &slot.sockets);
        for seat in seats.filter(|seat| seat.settled) {
            if let Some(scope) = self.scope(seat) {
                let reason = DisconnectReason::TransportError;
                monitor.tell(scope, || {
                    let mut rooms = self.room_names(seat);
                    rooms.retain(|room| !is_reserved(room));
                    What::Disconnected(seat.id, reason, rooms)
                });
            }
        }
    }

    /// A packet is on its way to one slot.
    pub(super) fn tell_sent(&self, namespace: Option<NamespaceId>, slot: u32, frame: &Frame) {
        if let Some(watch) = &self.watch {
            watch.outgoing(&frame.bytes, 1);
            self.tell_receivers(namespace, &[slot], frame, None);
        }
    }

    /// Packets are on their way to many. Those that do not get all of them are marked with this epoch.
    pub(super) fn tell_batch(&self, namespace: Option<NamespaceId>, slots: &[u32], items: &[Item]) {
        let Some(watch) = &self.watch else {
            return;
        };
        let excepted = self.excepted(slots, items);
        for Item { frame, except, .. } in items {
            let except = except.filter(|except| excepted.binary_search(except).is_ok());
            watch.outgoing(&frame.bytes, slots.len() - usize::from(except.is_some()));
            self.tell_receivers(namespace, slots, frame, except);
        }
    }

    /// Who of the receivers does not get something, in order.
    fn excepted(&self, slots: &[u32], items: &[Item]) -> Vec<u32> {
        let mut excepts = items.iter().filter_map(|item| item.except);
        let few: Vec<_> = excepts.by_ref().take(FEW).collect();
        if excepts.next().is_none() {
            let mut few = few;
            few.sort_unstable();
            few.retain(|except| slots.contains(except));
            return few;
        }
        // Nothing is looked up again for each of many.
        let is_marked = |slot: &u32| {
            let slot = self.slots.get(*slot as usize);
            slot.is_some_and(|slot| slot.mark == self.epoch)
        };
        let mut marked: Vec<_> = slots.iter().copied().filter(is_marked).collect();
        marked.sort_unstable();
        marked
    }

    /// What waits for a socket that is connecting is told when it goes out.
    fn tell_receivers(
        &self,
        namespace: Option<NamespaceId>,
        slots: &[u32],
        frame: &Frame,
        except: Option<u32>,
    ) {
        let (Some(monitor), Some(namespace)) = (self.monitor(), namespace) else {
            return;
        };
        let everyone = self.membership.find(namespace, None);
        let Some(everyone) = everyone.and_then(|room| self.membership.room(room)) else {
            return;
        };
        monitor.tell_event(&everyone.scope, || {
            let mut receivers = slots.iter().filter(|slot| except != Some(**slot));
            let settled = |slot: &u32| self.settled(*slot, namespace);
            let named = receivers.by_ref().filter_map(settled);
            let named = named.take(MAX_RECEIVERS).collect();
            monitor.leave_out_receivers(receivers.count());
            What::Sent(named, frame.clone())
        });
    }
}

/// The packets that were joined into one frame. A text begins one; where there are as many frames as packets,
/// as other parsers than the default one write them, each frame does.
fn packets(joined: &Frame, carries: u32) -> Vec<Frame> {
    if carries == 1 {
        return vec![joined.clone()];
    }
    let mut starts = Vec::new();
    let mut rest = &*joined.bytes;
    while let Some((opcode, _, behind)) = split_sent(rest) {
        starts.push((opcode, joined.bytes.len() - rest.len()));
        rest = behind;
    }
    if starts.len() as u64 != u64::from(carries) {
        starts.retain(|(opcode, _)| *opcode == Opcode::Text);
    }
    let ends = starts.iter().skip(1).map(|(_, at)| *at);
    let ends = ends.chain([joined.bytes.len()]);
    let cut = starts.iter().zip(ends).map(|((_, start), end)| Frame {
        bytes: joined.bytes.slice(*start..end),
        handling: joined.handling,
    });
    cut.collect()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::protocol::{socket_io::parser::ParserError, websocket::frame};

    fn joined(frames: &[&Frame]) -> Frame {
        let bytes: Vec<_> = frames.iter().map(|frame| &*frame.bytes).collect();
        Frame::raw(&bytes.concat())
    }

    fn event(text: &str, attachments: &[Bytes]) -> Frame {
        let frame = Frame::packet(None, |out| {
            out.extend_from_slice(text.as_bytes());
            Ok::<_, ParserError>(attachments.to_vec())
        });
        frame.unwrap_or_else(|_| panic!("an event"))
    }

    #[track_caller]
    fn assert_told_apart(frames: &[&Frame]) {
        let carries = u32::try_from(frames.len()).unwrap_or_default();
        let told = packets(&joined(frames), carries);
        let told: Vec<_> = told.iter().map(|frame| &frame.bytes).collect();
        let sent: Vec<_> = frames.iter().map(|frame| &frame.bytes).collect();
        assert_eq!(told, sent);
    }

    #[test]
    fn each_packet_has_its_attachments() {
        let attachment = Bytes::from_static(&[1, 2]);
        let file = r#"52-["file",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#;
        let file = event(file, &[attachment.clone(), attachment]);
        let text = event(r#"2["text"]"#, &[]);
        assert_told_apart(&[&file, &text]);
        assert_told_apart(&[&text, &file, &file]);
        assert_told_apart(&[&file]);
    }

    #[test]
    fn each_frame_is_a_packet_where_there_are_as_many() {
        let binary = |payload: &[u8]| {
            let mut bytes = Vec::new();
            frame::write(Opcode::Binary, payload, &mut bytes);
            Frame::raw(&bytes)
        };
        let (one, other) = (binary(&[1; 200]), binary(&[2]));
        assert_told_apart(&[&one, &other, &event(r#"2["text"]"#, &[])]);
    }
}
