//! The terminal interface.
//!
//! An event (a key, a look at the machine, an answer) comes through one channel to the loop in [`run`]; [`app::App::update`]
//! changes the state and says what is to be done; [`draw`] paints the state. Threads do what takes time: `input` reads the
//! terminal, `collector` looks at the machine, `presenter` turns pictures of it into text, `worker` does what changes
//! something, `signals` waits for SIGTERM and the like.

pub mod app;
pub mod dialog;
pub mod draw;
pub mod effect;
pub mod event;
pub mod field;
pub mod id;
pub mod insight;
pub mod jobs;
pub mod look;
pub mod present;
pub mod screen;
pub mod threads;
pub mod view;

use crate::config::State;
use crate::kernel::clock::Clock;
use crate::kernel::ending::Ending;
use crate::kernel::job_signals::JobSignals;
use crate::kernel::suspend::stop_self;
use app::{App, Settings, Severity};
use effect::Effect;
use event::Event;
use screen::Screen;
use std::io;
use std::sync::mpsc::{self, Receiver, Sender};
use threads::collector::Order;
use threads::worker::Worker;
use threads::{collector, input, presenter};

/// Why the interface ended.
#[derive(Debug)]
pub enum Ended {
    /// The person wanted to leave.
    Quit,
    /// A signal asked for it.
    Signal(Ending),
    /// The terminal is gone, or a part of the program failed: why.
    Lost(String),
}

/// Events that are taken in before the next picture, at the most.
const AT_ONCE: usize = 256;

/// The other ends of the threads.
struct Threads {
    questions: Sender<Box<(present::Question, look::Picture)>>,
    orders: Sender<Order>,
    worker: Worker,
}

/// Runs the interface on the calling process's terminal until it ends. The terminal is as before then, whatever happened.
/// Also what is to be remembered, and what became of an action that was under way, in a sentence.
/// Errors: the terminal cannot be taken over, a thread cannot be started.
pub fn run(settings: Settings, mouse: bool) -> io::Result<(Ended, State, Option<String>)> {
    let signals = JobSignals::take().map_err(io::Error::other)?;
    screen::give_back_on_panic();
    let mut screen = Screen::take(mouse)?;
    let (events, inbox) = mpsc::channel();
    let (questions, asked) = mpsc::channel();
    let (orders, ordered) = mpsc::channel();
    collector::start(&events, ordered, settings.interval)?;
    presenter::start(&events, asked)?;
    threads::signals::start(&events, signals)?;
    input::start(&events)?;
    let threads = Threads { questions, orders, worker: Worker::start(&events)? };
    let size = screen.terminal.size()?;
    threads.worker.take(jobs::Job::TellInterrupted(jobs::Keeping(settings.store.clone())));
    let mut app = App::new(settings, (size.width, size.height), now());
    let ended = run_loop(&mut app, &mut screen, &threads, &inbox);
    // A removal that is under way is brought to its end, and seen to be: the terminal is still ours.
    let was_doing = app.doing.is_some();
    if ended.is_ok() && was_doing {
        app.say(Severity::Note, "leaving: what is under way is brought to its end; Ctrl-C leaves it as it is");
        // What was pressed before this could be read is no answer to it.
        take_reports(&mut app, &inbox);
        let _ = paint(&mut screen, &mut app);
    }
    threads.worker.finish(|| take_reports(&mut app, &inbox));
    take_reports(&mut app, &inbox);
    let last = app.log.entries().next_back().filter(|_| was_doing).map(|entry| entry.text.clone());
    Ok((ended?, app.to_remember(), last))
}

/// Takes in what jobs have told; whether anything that came asks to leave at once.
fn take_reports(app: &mut App, inbox: &Receiver<Event>) -> bool {
    let mut leaves = false;
    for event in inbox.try_iter() {
        leaves |= app.leaves_at_once(&event);
        if matches!(event, Event::Report(_)) {
            app.update(event);
        }
    }
    leaves
}

fn run_loop(app: &mut App, screen: &mut Screen, threads: &Threads, inbox: &Receiver<Event>) -> io::Result<Ended> {
    loop {
        paint(screen, app)?;
        let Ok(first) = inbox.recv() else { return Ok(Ended::Quit) };
        // What else has come already is taken in before the next picture.
        let mut next = Some(first);
        for _ in 0..AT_ONCE {
            let Some(event) = next.take() else { break };
            let ended = match &event {
                Event::EndAsked(ending) => Ended::Signal(*ending),
                Event::Lost(why) => Ended::Lost(why.clone()),
                _ => Ended::Quit,
            };
            app.now = now();
            if matches!(event, Event::Looked(_) | Event::LookFailed(_)) {
                let _ = threads.orders.send(Order::Taken);
            }
            for effect in app.update(event) {
                if matches!(effect, Effect::Quit) {
                    return Ok(ended);
                }
                perform(effect, screen, threads)?;
            }
            next = inbox.try_recv().ok();
        }
    }
}

/// Does what the state asks for. Nothing here takes time, but for being stopped.
fn perform(effect: Effect, screen: &mut Screen, threads: &Threads) -> io::Result<()> {
    // A thread that is gone has told so by an event, which ends the loop.
    match effect {
        Effect::Present(question) => drop(threads.questions.send(question)),
        Effect::Look(depth) => drop(threads.orders.send(Order::Look(depth))),
        Effect::Pace(pace) => drop(threads.orders.send(Order::Pace(pace))),
        Effect::Work(job) => threads.worker.take(*job),
        Effect::Cancel => threads.worker.cancel(),
        Effect::Watch(file) => drop(threads.orders.send(Order::Watch(file))),
        Effect::Copy(bytes) => screen.write(&bytes)?,
        Effect::Suspend => screen.lend(|| drop(stop_self()))?,
        Effect::Retake => screen.lend(|| ())?,
        Effect::Quit => {}
    }
    Ok(())
}

fn paint(screen: &mut Screen, app: &mut App) -> io::Result<()> {
    let mut painted = draw::Painted::default();
    screen.terminal.draw(|frame| painted = draw::draw(frame, app))?;
    app.take_painted(painted);
    Ok(())
}

fn now() -> crate::model::Time {
    Clock::read().map_or(crate::model::Time { secs: 0, nanos: 0 }, |clock| clock.now)
}
