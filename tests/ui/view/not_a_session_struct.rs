use socket_session::on;

pub struct Visit {
    pub count: u32,
}

#[on("my event")]
pub async fn my_event(visit: &mut Visit) { //~ ERROR
    visit.count += 1;
}

fn main() {}
