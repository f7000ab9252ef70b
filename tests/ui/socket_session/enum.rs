use socket_session::socket_session;

#[socket_session]
pub enum Visit { //~ ERROR
    Guest,
    Member { name: String },
}

fn main() {}
