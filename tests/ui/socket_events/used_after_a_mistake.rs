use socket_session::{Sessions, socket_events, socket_session};

#[socket_session]
pub struct Visit {
    pub count: u32,
}

// The mistakes are reported where they are; of a type, the compiler says so again at the registration.
#[socket_events]
impl Visit {
    #[on("connect")] //~ ERROR
    pub async fn my_event(&mut self) {}

    #[on("another event")]
    pub async fn another_event(&mut self, number: u32) { //~ ERROR
        self.count += number;
    }
}

pub fn register(sessions: &Sessions) {
    let _namespace = sessions.namespace().events::<Visit>(); //~ COMPILER
}

fn main() {}
