use socket_session::on;
use socketioxide::extract::Data;

pub struct Order {
    pub amount: u32,
}

#[on("order")]
pub async fn order(_order: Data<Order>) {} //~ ERROR

fn main() {}
