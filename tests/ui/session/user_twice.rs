use socket_session::socket_session;

#[socket_session]
pub struct Account {
    #[session(user)]
    pub user: Option<u64>,
    #[session(user)] //~ ERROR
    pub team: Option<u64>,
}

fn main() {}
