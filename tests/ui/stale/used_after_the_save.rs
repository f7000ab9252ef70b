use socket_session::{AfterSave, on, socket_session};

#[socket_session]
pub struct Visit {
    pub count: u32,
}

#[on("my event")]
pub async fn my_event(visit: &mut Visit, after: AfterSave) {
    after.run(async move { //~ ERROR
        println!("{}", visit.count);
    });
}

fn main() {}
