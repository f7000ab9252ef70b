use socket_session::on;

#[on("read")]
pub async fn read() -> std::io::Result<u32> { //~ ERROR
    Ok(1)
}

fn main() {}
