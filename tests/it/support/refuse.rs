//! A kernel without one of its system calls, for a process and its children (`man 2 seccomp`).

use nix::errno::Errno;

/// From here on, a system call fails with `ENOSYS` in this process and those that it starts.
pub fn refuse(call: libc::c_long) {
    // `man 2 seccomp`: what is loaded is `seccomp_data.nr`, which comes first.
    let step = |code: u32, unless, k| libc::sock_filter { code: code as u16, jt: 0, jf: unless, k };
    let mut filter = [
        step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0),
        step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 1, u32::try_from(call).unwrap()),
        step(libc::BPF_RET | libc::BPF_K, 0, libc::SECCOMP_RET_ERRNO | libc::ENOSYS.unsigned_abs()),
        step(libc::BPF_RET | libc::BPF_K, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    nix::sys::prctl::set_no_new_privs().unwrap();
    // SAFETY: a valid program, which the kernel copies.
    let set = unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) };
    Errno::result(set).unwrap();
}
