use socket_session::on;

pub struct Counter;

impl Counter {
    #[on("my event")]
    pub async fn my_event(&self) {} //~ ERROR
}

fn main() {}
