use socket_session::on;
use socketioxide::adapter::Adapter;

#[on("my event")]
pub async fn my_event<A: Adapter>()
where
    'static: 'static, //~ ERROR
{
}

fn main() {}
