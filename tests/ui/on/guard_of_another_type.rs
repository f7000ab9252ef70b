use socket_session::on;

pub fn is_long(name: &String) -> bool {
    name.len() > 10
}

#[on("my event", guard = is_long)] //~ ERROR
pub async fn my_event() {}

fn main() {}
