use socket_session::{Sessions, on};

#[on("my event")]
pub async fn my_event() {}

pub fn register(sessions: &Sessions) {
    let _namespace = sessions.namespace().guard_with::<my_event>("unauthorized"); //~ ERROR
}

fn main() {}
