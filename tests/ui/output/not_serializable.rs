use socket_session::on;

pub struct Receipt {
    pub total: u32,
}

#[on("order")]
pub async fn order() -> Receipt { //~ ERROR
    Receipt { total: 1 }
}

fn main() {}
