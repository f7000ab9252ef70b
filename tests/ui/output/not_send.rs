use socket_session::on;

use std::rc::Rc;

#[on("my event")]
pub async fn my_event() { //~ ERROR
    let shared = Rc::new(1);
    std::future::ready(()).await;
    drop(shared);
}

fn main() {}
