use socket_session::on;

use std::error::Error;

#[on("read")]
pub async fn read() -> Result<u32, Box<dyn Error + Send + Sync>> { //~ ERROR
    Ok(1)
}

fn main() {}
