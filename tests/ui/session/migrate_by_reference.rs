use socket_session::socket_session;

#[socket_session]
pub struct Visit { //~ ERROR
    #[session(migrate = from_text)]
    pub count: u32,
}

pub fn from_text(old: &str) -> u32 {
    old.parse().unwrap_or_default()
}

fn main() {}
