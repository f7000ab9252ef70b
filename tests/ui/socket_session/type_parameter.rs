use socket_session::socket_session;

#[socket_session]
pub struct Visit<T> {
    pub value: T,
}

fn main() {}
