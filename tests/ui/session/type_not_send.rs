use socket_session::socket_session;

#[socket_session]
pub struct Visit { //~ ERROR //~ COMPILER
    #[session(skip)]
    pub handle: std::rc::Rc<u32>,
    pub count: u32,
}

fn main() {}
