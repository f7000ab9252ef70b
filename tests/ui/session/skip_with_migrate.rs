use socket_session::socket_session;

#[socket_session]
pub struct Visit {
    pub count: u32,
    #[session(skip, migrate = from_text)] //~ ERROR
    pub seen: u32,
}

pub fn from_text(old: String) -> u32 {
    old.parse().unwrap_or_default()
}

fn main() {}
