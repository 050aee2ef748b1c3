//! Keys, mouse and size of the terminal, as events.

use crate::config::keys::Key;
use crate::tui::event::{Event, Mouse};
use ratatui::crossterm::event::{self, MouseEventKind};
use std::sync::mpsc::Sender;

/// Lines that one turn of the wheel goes.
const WHEEL: i16 = 3;

/// Reads the terminal from now on. Ends when the terminal is gone, which it tells, or nobody listens.
pub fn start(events: &Sender<Event>) -> std::io::Result<()> {
    let to = events.clone();
    super::start("input", events, move || {
        loop {
            let event = match event::read() {
                Ok(event) => translate(event),
                Err(error) => {
                    let _ = to.send(Event::Lost(format!("the terminal cannot be read: {error}")));
                    return;
                }
            };
            if event.is_some_and(|event| to.send(event).is_err()) {
                return;
            }
        }
    })
}

fn translate(event: event::Event) -> Option<Event> {
    match event {
        event::Event::Key(key) => Key::of(key).map(Event::Key),
        event::Event::Paste(text) => Some(Event::Paste(text)),
        event::Event::Resize(width, height) => Some(Event::Resize(width, height)),
        event::Event::Mouse(mouse) => {
            let at = |mouse: event::MouseEvent| (mouse.column, mouse.row);
            let (x, y) = at(mouse);
            match mouse.kind {
                MouseEventKind::Down(event::MouseButton::Left) => Some(Event::Mouse(Mouse::Press(x, y))),
                MouseEventKind::ScrollUp => Some(Event::Mouse(Mouse::Wheel(x, y, -WHEEL))),
                MouseEventKind::ScrollDown => Some(Event::Mouse(Mouse::Wheel(x, y, WHEEL))),
                _ => None,
            }
        }
        event::Event::FocusGained | event::Event::FocusLost => None,
    }
}
