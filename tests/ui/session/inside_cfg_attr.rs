use socket_session::socket_session;

#[socket_session]
pub struct Visit {
    #[cfg_attr(all(), session(key = "n"))] //~ ERROR
    pub count: u32,
}

fn main() {}
