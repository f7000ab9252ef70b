use socket_session::socket_events;

pub struct Visit {
    pub count: u32,
}

// One error, however many methods there are.
#[socket_events]
impl Visit { //~ ERROR
    #[on("my event")]
    pub async fn my_event(&mut self) {
        self.count += 1;
    }

    #[on("another event")]
    pub async fn another_event(&self) -> u32 {
        self.count
    }
}

fn main() {}
