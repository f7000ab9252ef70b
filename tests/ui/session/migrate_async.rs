use socket_session::socket_session;

#[socket_session]
pub struct Visit {
    #[session(migrate = from_text)] //~ ERROR
    pub count: u32,
}

pub async fn from_text(old: String) -> u32 {
    old.parse().unwrap_or_default()
}

fn main() {}
