use socket_session::{on, socket_session};

#[socket_session]
pub struct Visit {
    pub count: u32,
}

#[on("my event")]
pub async fn my_event(visit: &Visit) {
    tokio::spawn(async move { //~ ERROR
        println!("{}", visit.count);
    });
}

fn main() {}
