use socket_session::socket_session;

#[socket_session]
pub struct Visit {
    #[session(migrate = from_old)] //~ ERROR
    pub count: u32,
}

pub struct Old(pub u32);

pub fn from_old(old: Old) -> u32 {
    old.0
}

fn main() {}
