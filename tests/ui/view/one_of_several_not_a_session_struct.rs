use socket_session::{on, socket_session};

#[socket_session]
pub struct User {
    pub name: String,
}

pub struct Cart {
    pub items: u32,
}

#[on("my event")]
pub async fn my_event(_user: &User, _cart: &mut Cart) {} //~ ERROR

fn main() {}
