//! What a command does to the state.

use std::sync::Arc;

use tokio::time::Instant;

use super::{
    command::{Action, Command, Observe, Selection},
    directory::{RoomName, Scope},
    node::Node,
    observer::{News, What},
    slot::Notice,
    state::State,
};
use crate::id::SocketId;

impl State {
    /// What a command takes, beside an emit, of which the deliveries come later.
    pub(super) fn effort(&self, command: &Command) -> usize {
        match command.action {
            Action::Emit { .. } => 1,
            _ if command.to.names_many() => 1 + self.slots.len(),
            _ => 1 + command.to.sockets.len(),
        }
    }

    pub(crate) fn apply(&mut self, node: &Node, command: Command) {
        let Command {
            scope,
            to,
            action,
            done,
            announced,
        } = command;
        match action {
            Action::Emit { frame, ack } => self.emit(node, &scope, &to, frame, ack),
            Action::Join(names) => {
                for slot in self.select(&scope, &to) {
                    for name in &*names {
                        if self.may_join(&scope, slot, name, node) {
                            self.join(&scope, slot, Some(name));
                        }
                    }
                }
                if announced {
                    self.arrived(&scope, &names);
                }
            }
            Action::Leave(names) => {
                for slot in self.select(&scope, &to) {
                    for name in &*names {
                        if let Some(room) = self.membership.find(scope.id, Some(name)) {
                            self.leave(slot, scope.id, room);
                        }
                    }
                }
            }
            Action::Disconnect { close } => {
                self.tell(&scope, &to, |socket| Notice::Disconnect {
                    socket,
                    close,
                    done: done.clone(),
                });
            }
            Action::ServeWaiters => {
                self.tell(&scope, &to, Notice::WaitersChanged);
            }
            Action::TakeOver => self.tell(&scope, &to, |_| Notice::TakenOver),
            Action::SetData(data) => {
                for index in self.select(&scope, &to) {
                    let slot = self.slots.get_mut(index as usize);
                    if let Some(seat) = slot.and_then(|slot| slot.seat_mut(scope.id)) {
                        seat.data = Some(Arc::clone(&data));
                        self.tell_data(&scope, index, &data);
                    }
                }
            }
            Action::Expire(at) => {
                for index in self.select(&scope, &to) {
                    let slot = self.slots.get(index as usize);
                    let Some(seat) = slot.and_then(|slot| slot.seat(scope.id)) else {
                        continue;
                    };
                    let Some(at) = at else {
                        self.expiries.remove(seat.id);
                        continue;
                    };
                    let (notice, now) = (node.config.expiry_notice, Instant::now());
                    self.rewind |= self.expiries.set(seat.id, index, at, notice, now);
                }
            }
            Action::Observe(observe) => {
                self.observe(node, &scope, &to, &observe);
                if announced {
                    self.arrived(&scope, observe.join.as_slice());
                }
            }
            Action::Fetch => {
                let found = self.select(&scope, &to);
                let found = found
                    .into_iter()
                    .filter_map(|slot| self.found(slot, scope.id));
                if let Some(done) = done {
                    // It has room for one answer of each worker.
                    let _ = done.try_send(found.collect());
                }
            }
        }
    }

    /// The command has come that was announced to these rooms.
    fn arrived(&mut self, scope: &Scope, names: &[RoomName]) {
        for name in names {
            let joined = self.membership.find(scope.id, Some(name)).is_some();
            if let Some(room) = scope.arrived(name, self.worker, joined) {
                self.report_empty(room);
            }
        }
    }

    fn observe(&mut self, node: &Node, scope: &Arc<Scope>, to: &Selection, observe: &Observe) {
        let mut gone: Vec<_> = to.sockets.iter().map(|socket| socket.id).collect();
        for index in self.select(scope, to) {
            let slot = self.slots.get_mut(index as usize);
            let Some(seat) = slot.and_then(|slot| slot.seat_mut(scope.id)) else {
                continue;
            };
            seat.observed = true;
            seat.observed_in_rooms |= observe.about.is_some();
            let socket = seat.id;
            gone.retain(|id| *id != socket);
            if let Some(room) = &observe.leave
                && let Some(room) = self.membership.find(scope.id, Some(room))
            {
                self.leave(index, scope.id, room);
            }
            let mut may_join = true;
            if let Some(room) = &observe.join {
                may_join = self.may_join(scope, index, room, node);
                if may_join {
                    self.join(scope, index, Some(room));
                }
            }
            if let Some(room) = observe.about.clone() {
                let what = match may_join {
                    true => What::Entered(room),
                    false => What::Refused(room),
                };
                self.tell_observer(scope, socket, what);
            }
        }
        for socket in gone {
            self.tell_observer(scope, socket, What::Gone);
        }
    }

    pub(super) fn tell_observer(&mut self, scope: &Scope, socket: SocketId, what: What) {
        self.news.push(News {
            namespace: Arc::clone(&scope.name),
            socket,
            what,
        });
    }

    fn tell(&mut self, scope: &Scope, to: &Selection, notice: impl Fn(SocketId) -> Notice) {
        for slot in self.select(scope, to) {
            if let Some(slot) = self.slots.get(slot as usize)
                && let Some(seat) = slot.seat(scope.id)
            {
                slot.tell(notice(seat.id));
            }
        }
    }
}
