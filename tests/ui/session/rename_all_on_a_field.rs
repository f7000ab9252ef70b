use socket_session::socket_session;

#[socket_session]
pub struct Visit {
    #[session(rename_all = "camelCase")] //~ ERROR
    pub count: u32,
}

fn main() {}
