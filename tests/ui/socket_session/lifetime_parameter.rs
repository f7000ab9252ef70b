use socket_session::socket_session;

#[socket_session]
pub struct Visit<'a> { //~ ERROR
    pub name: &'a str,
}

fn main() {}
