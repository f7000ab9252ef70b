use socket_session::{on, socket_session};

#[socket_session]
pub struct Visit {
    pub count: u32,
}

pub type Guest = Visit;

#[on("my event")]
pub async fn my_event(visit: &mut Visit, guest: &Guest) { //~ ERROR
    visit.count += guest.count;
}

fn main() {}
