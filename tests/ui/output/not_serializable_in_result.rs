use socket_session::on;

pub struct Receipt {
    pub total: u32,
}

#[on("order")]
pub async fn order() -> Result<Receipt, String> { //~ ERROR
    Ok(Receipt { total: 1 })
}

fn main() {}
