//! `ipcx graph`: who talks to whom around an object or a process, or everywhere.

use super::Exit;
use super::exit::complain;
use super::print::to_stdout;
use super::values;
use crate::actions::{Refusal, Target};
use crate::config::is_utf8;
use crate::diagnose::graph::{Graph as Network, Node};
use crate::model::{Address, Kinds, quoted};
use crate::output::{graph, json};
use crate::snapshot::{Snapshot, Want, collect};
use clap::Args;
use std::ffi::OsString;
use std::io::{self, Write};

const EXAMPLES: &str = "\
Examples:
  ipcx graph queue:0x4d2               who sends to a queue, and who receives
  ipcx graph --depth 2 812             a process, who it talks to, and who these talk to
  ipcx graph --dot | dot -Tsvg >x.svg  a picture of everything
  ipcx graph --mermaid /run/x.fifo     for a page in Markdown";

/// Show who talks to whom: processes, and the objects between them
///
/// Around an object or a process, or everywhere. Arrows show which way data go, and who sleeps on an object is marked as
/// blocked.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Graph {
    /// How many processes away from where it begins
    ///
    /// 1 is who has an object, or what a process has and who else has that; 2 is what these have besides, and so on.
    #[arg(long, value_name = "N", default_value = "1", requires = "from")]
    depth: usize,
    /// As input for dot(1), the Graphviz program
    #[arg(long, conflicts_with_all = ["mermaid", "json"])]
    dot: bool,
    /// As a Mermaid flowchart
    #[arg(long, conflicts_with = "json")]
    mermaid: bool,
    /// One JSON document
    ///
    /// Its schema is `ipcx.graph/1`: nodes by their addresses, and edges in the direction of the data.
    #[arg(short = 'J', long)]
    json: bool,

    /// Where it begins: kind:which, a path, a process id, or pid:N; everywhere, if nothing is named
    #[arg(value_name = "ADDRESS|PID")]
    from: Option<OsString>,
}

impl Graph {
    pub(super) fn run(&self) -> anyhow::Result<Exit> {
        let from = self.from.as_deref().map(values::address_or_pid).transpose()?;
        let target = from.map(|address| Target::Address(address).absolute());
        let mut want = Want {
            verdict: false,
            processes: true,
            details: false,
            users: false,
            groups: false,
            openers: true,
            blocked: true,
            asleep: true,
            ..Want::everything(Kinds::all())
        };
        if let Some(target) = &target {
            target.add_to(&mut want);
        }
        let snapshot = collect(&want)?;
        let graph = match &target {
            None => Network::all(&snapshot),
            Some(target) => match roots(&snapshot, target) {
                Ok(roots) => Network::around(&snapshot, &roots, self.depth),
                Err(refusal) => {
                    complain(&refusal);
                    return Ok(Exit::from(&refusal));
                }
            },
        };
        to_stdout(|out| self.write(out, &snapshot, &graph))?;
        if !self.json {
            if graph.edges.is_empty() && self.depth > 0 {
                match &target {
                    Some(Target::Address(Address::Pid(pid))) => {
                        complain(&format_args!("note: pid:{pid} is not seen to have anything to talk through"));
                    }
                    _ => complain(&format_args!("note: nobody is seen to have to do with {}", self.about())),
                }
            }
            for note in &snapshot.visibility.notes {
                complain(&format_args!("note: {note}"));
            }
        }
        Ok(Exit::Done)
    }

    /// What was asked for, for people.
    fn about(&self) -> String {
        self.from.as_deref().map_or("anything".to_owned(), |from| quoted(from.as_encoded_bytes()))
    }

    fn write(&self, out: &mut dyn Write, snapshot: &Snapshot, graph: &Network) -> io::Result<()> {
        if self.json {
            return json::graph::write(out, snapshot, graph);
        }
        if self.dot {
            return graph::write_dot(out, snapshot, graph);
        }
        if self.mermaid {
            return graph::write_mermaid(out, snapshot, graph);
        }
        let ascii = !is_utf8(|name| std::env::var_os(name));
        graph::tree(snapshot, graph, ascii).iter().try_for_each(|line| writeln!(out, "{}", line.text))
    }
}

/// A key or inode may name several objects: it begins at all of them.
fn roots(snapshot: &Snapshot, target: &Target) -> Result<Vec<Node>, Refusal> {
    if let Target::Address(Address::Pid(pid)) = target {
        let missing = || Refusal::NotFound { what: target.name(), kind: target.noun() };
        return snapshot.process(*pid).map(|_| vec![Node::Process(*pid)]).ok_or_else(missing);
    }
    match (target.find(snapshot), target) {
        (Ok(place), _) => Ok(vec![Node::Object(place)]),
        (Err(Refusal::Ambiguous { .. }), Target::Address(address)) => {
            Ok(snapshot.find(address).map(Node::Object).collect())
        }
        (Err(refusal), _) => Err(refusal),
    }
}
