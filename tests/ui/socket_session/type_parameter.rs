use socket_session::socket_session;

#[socket_session]
pub struct Visit<T> { //~ ERROR
    pub value: T,
}

fn main() {}
