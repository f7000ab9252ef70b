//! What one event costs that is not time: allocations, and instructions, which no noise of the machine changes.

use std::{fs, path::Path, process::Command};

use load::{Http, Node, Socket, Transport, node::Program};

use crate::{
    Result,
    servers::{Databases, Programs, Store, Variant, behind},
};

/// Events before those that count, and those.
const WARM: u64 = 500;
const COUNTED: u64 = 4_000;

/// Of one event.
pub(crate) struct Cost {
    pub(crate) variant: Variant,
    pub(crate) allocations: f64,
    pub(crate) instructions: f64,
}

pub(crate) async fn run(programs: &Programs) -> Result<Vec<Cost>> {
    let databases = Databases::start()?;
    let mut costs = Vec::new();
    for variant in [
        Variant::Alone,
        Variant::Library(Store::Memory),
        Variant::ByHand(Store::Memory),
        Variant::Library(Store::Redis),
        Variant::ByHand(Store::Redis),
    ] {
        let url = databases.url(variant);
        let allocations = allocations(programs.program(variant, &url, "bench-server-counting")).await?;
        let few = instructions(&programs.program(variant, &url, "bench-server"), WARM).await?;
        let many = instructions(&programs.program(variant, &url, "bench-server"), WARM + COUNTED).await?;
        let cost = Cost { variant, allocations, instructions: each(many.saturating_sub(few)) };
        println!(
            "{:26} {:6.1} allocations, {:7.0} instructions an event",
            cost.variant.name(),
            cost.allocations,
            cost.instructions
        );
        costs.push(cost);
    }
    Ok(costs)
}

#[expect(clippy::cast_precision_loss, reason = "a number for people")]
fn each(of_all: u64) -> f64 {
    of_all as f64 / COUNTED as f64
}

async fn allocations(program: Program) -> Result<f64> {
    let node = Node::start(program).await?;
    let mut socket = connect(&node).await?;
    send(&mut socket, WARM).await?;
    let before = memory(&node).await?.0;
    send(&mut socket, COUNTED).await?;
    Ok(each(memory(&node).await?.0 - before))
}

/// How many allocations a counting server has made, and how many bytes it has now.
pub(crate) async fn memory(node: &Node) -> Result<(u64, u64)> {
    let answer = Http::new(node.address()).get("/memory", None).await?;
    let mut numbers = answer.text().split(' ').map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(allocations), Some(bytes)) => Ok((allocations?, bytes?)),
        _ => Err("the server does not count".into()),
    }
}

/// A socket of a session of its own.
pub(crate) async fn connect(node: &Node) -> Result<Socket> {
    let answer = Http::new(node.address()).post("/login", None).await?;
    Ok(Socket::connect(node.address(), Transport::WebSocket, "/", answer.cookie()).await?)
}

async fn send(socket: &mut Socket, events: u64) -> Result<()> {
    for _ in 0..events {
        let packet = socket.call("my event", "").await?;
        if packet.number().is_none() {
            return Err(format!("refused: {:?}", packet.error_code()).into());
        }
    }
    Ok(())
}

/// All instructions of a server that has answered so many events.
async fn instructions(program: &Program, events: u64) -> Result<u64> {
    let file = std::env::temp_dir().join(format!("callgrind-{}", std::process::id()));
    let out = format!("--callgrind-out-file={}", file.display());
    let mut node = Node::start(behind("valgrind", &["--tool=callgrind", &out], program.clone())).await?;
    send(&mut connect(&node).await?, events).await?;
    let id = node.id().ok_or("the server has ended")?;
    Command::new("kill").arg(id.to_string()).status()?;
    node.ended().await?;
    let counted = total(&file);
    let _ = fs::remove_file(&file);
    counted
}

fn total(file: &Path) -> Result<u64> {
    let text = fs::read_to_string(file)?;
    let totals = text.lines().find_map(|line| line.strip_prefix("totals: ")).ok_or("callgrind says no total")?;
    Ok(totals.trim().parse()?)
}
