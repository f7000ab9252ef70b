use socket_session::{on, socket_session};

#[socket_session]
pub struct Visit {
    pub count: u32,
}

#[on("my event")]
pub async fn my_event(visit: &mut Visit) {
    tokio::spawn(async move { //~ ERROR
        visit.count += 1;
    });
}

fn main() {}
