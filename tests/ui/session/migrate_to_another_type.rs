use socket_session::socket_session;

#[socket_session]
pub struct Visit {
    #[session(migrate = from_text)] //~ ERROR
    pub count: u32,
}

pub fn from_text(old: String) -> String {
    old
}

fn main() {}
