use socket_session::{on, socket_session};

#[socket_session]
pub struct Visit {
    pub count: u32,
}

// A copy is no session: a view is `Clone` only if somebody says so.
#[on("my event")]
pub async fn my_event(visit: &Visit) {
    let copy: Visit = visit.clone(); //~ ERROR
    tokio::spawn(async move {
        println!("{}", copy.count);
    });
}

fn main() {}
