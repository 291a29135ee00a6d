//! Frames in the form that their receivers agreed to. What goes to many is deflated once for all of
//! them that share a window size.

use bytes::Bytes;
use smallvec::SmallVec;

use super::{node::Node, pending::Item, state::State};
use crate::{
    config::PerMessageDeflate,
    id::NamespaceId,
    protocol::websocket::deflate::{Deflater, WindowBits, frames::deflate_frames},
    transport::{deflate::effort, frame::Frame},
};

/// The deflaters of a worker, made on first need: one for each window size that clients ask for, of
/// which there are seven. One holds hundreds of KiB with the default options.
#[derive(Default)]
pub(super) struct Deflaters(SmallVec<[(WindowBits, Box<Deflater>); 1]>);

impl Deflaters {
    fn of(&mut self, window: WindowBits, options: &PerMessageDeflate) -> Option<&mut Deflater> {
        let known = self.0.iter().position(|(of, _)| *of == window);
        let at = known.unwrap_or_else(|| {
            let deflater = Deflater::new(effort(options), window);
            self.0.push((window, Box::new(deflater)));
            self.0.len() - 1
        });
        self.0.get_mut(at).map(|(_, deflater)| &mut **deflater)
    }
}

/// Receivers of a batch that agreed to the same.
pub(super) struct Group {
    window: WindowBits,
    pub(super) slots: Vec<u32>,
}

impl State {
    /// The frame as this slot gets it.
    pub(super) fn fit(
        &mut self,
        node: &Node,
        slot: u32,
        namespace: Option<NamespaceId>,
        frame: Frame,
    ) -> Frame {
        match self.window(slot, namespace) {
            Some(window) => self.deflated(node, window, &frame).unwrap_or(frame),
            None => frame,
        }
    }

    /// What is deflated with that goes to this slot now. What is held for a socket that connects stays as
    /// it is, and is deflated when it goes out: until then its packets can be told apart.
    fn window(&self, slot: u32, namespace: Option<NamespaceId>) -> Option<WindowBits> {
        let slot = self.slots.get(slot as usize)?;
        let window = slot.deflate?;
        let held = namespace.is_some_and(|namespace| slot.holds(namespace));
        (!held).then_some(window)
    }

    /// Splits the receivers of a batch: those that get it as it is, and the others by what they
    /// agreed to.
    pub(super) fn group(
        &self,
        slots: &[u32],
        namespace: Option<NamespaceId>,
    ) -> (Vec<u32>, SmallVec<[Group; 1]>) {
        let mut plain = Vec::new();
        let mut groups: SmallVec<[Group; 1]> = SmallVec::new();
        for &index in slots {
            let Some(window) = self.window(index, namespace) else {
                plain.push(index);
                continue;
            };
            match groups.iter_mut().find(|group| group.window == window) {
                Some(group) => group.slots.push(index),
                None => groups.push(Group {
                    window,
                    slots: vec![index],
                }),
            }
        }
        (plain, groups)
    }

    /// The items as a group gets them.
    pub(super) fn deflated_items(
        &mut self,
        node: &Node,
        group: &Group,
        items: &[Item],
    ) -> Vec<Item> {
        let deflate = |item: &Item| Item {
            frame: self
                .deflated(node, group.window, &item.frame)
                .unwrap_or_else(|| item.frame.clone()),
            except: item.except,
            ack: item.ack.clone(),
        };
        items.iter().map(deflate).collect()
    }

    /// `None` if it stays as it is.
    fn deflated(&mut self, node: &Node, window: WindowBits, frame: &Frame) -> Option<Frame> {
        let options = node.config.per_message_deflate.as_ref()?;
        if !frame.handling.compress || frame.bytes.len() < options.threshold {
            return None;
        }
        let deflater = self.deflaters.of(window, options)?;
        let bytes = deflate_frames(&frame.bytes, options.threshold, deflater)?;
        Some(Frame {
            bytes: Bytes::from(bytes),
            handling: frame.handling.compress(false),
        })
    }
}
