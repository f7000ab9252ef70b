use socket_session::on;

#[on("my event")]
pub struct MyEvent { //~ ERROR
    pub count: u32,
}

fn main() {}
