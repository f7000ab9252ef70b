use socket_session::socket_session;

#[socket_session]
pub struct Account {
    pub count: u32,
    #[session(user, skip)] //~ ERROR
    pub user: Option<u64>,
}

fn main() {}
