use socket_session::{socket_events, socket_session};

#[socket_session]
pub struct Visit {
    pub count: u32,
}

pub struct Wrapper<T>(pub T);

#[socket_events]
impl Wrapper<u32> { //~ ERROR
    #[on("my event")]
    pub async fn my_event(visit: &mut Visit) {
        visit.count += 1;
    }
}

fn main() {}
