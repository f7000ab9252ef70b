use socket_session::socket_session;

#[socket_session(rename_all = "camelCase")]
pub struct Visit {
    pub user_name: String,
    #[session(key = "userName")] //~ ERROR
    pub name: String,
}

fn main() {}
