use socket_session::{on, socket_session};

#[socket_session(prefix = "a.")]
pub struct A {
    pub value: u32,
}

#[socket_session(prefix = "b.")]
pub struct B {
    pub value: u32,
}

#[socket_session(prefix = "c.")]
pub struct C {
    pub value: u32,
}

#[socket_session(prefix = "d.")]
pub struct D {
    pub value: u32,
}

#[socket_session(prefix = "e.")]
pub struct E {
    pub value: u32,
}

#[socket_session(prefix = "f.")]
pub struct F {
    pub value: u32,
}

#[socket_session(prefix = "g.")]
pub struct G {
    pub value: u32,
}

#[socket_session(prefix = "h.")]
pub struct H {
    pub value: u32,
}

#[socket_session(prefix = "i.")]
pub struct I {
    pub value: u32,
}

#[on("my event")]
pub async fn my_event(_a: &A, _b: &B, _c: &C, _d: &D, _e: &E, _f: &F, _g: &G, _h: &H, _i: &I) {} //~ ERROR

fn main() {}
