use socket_session::socket_session;

#[socket_session(prefx = "a.", rename_all = "camel")] //~ ERROR //~ ERROR
pub struct Visit {
    #[session(kye = "x")] //~ ERROR
    pub count: u32,
    #[session(alias = "count")] //~ ERROR
    pub total: u32,
    #[session(skip, key = "z")] //~ ERROR
    pub seen: u32,
}

fn main() {}
