struct CurrentCount(u32);

fn tell(after: &socket_session::AfterSave) {
    after.send(&CurrentCount(1)); //~ ERROR
}

fn main() {
    let _ = tell;
}
