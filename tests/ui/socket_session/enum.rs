use socket_session::socket_session;

#[socket_session]
pub enum Visit {
    Guest,
    Member { name: String },
}

fn main() {}
