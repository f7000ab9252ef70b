use socket_session::socket_session;

#[socket_session]
pub struct Visit<const N: usize> { //~ ERROR
    pub name: String,
}

fn main() {}
