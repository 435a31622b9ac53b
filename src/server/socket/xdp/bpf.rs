//! bpf(2): loading a program, the map that leads frames to sockets, attaching the program to an interface.

use std::fmt;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use super::{Interface, Queue};

/// What a kernel says about a program that it refuses; the last lines say why.
const VERIFIER_LOG_MAX: usize = 64 << 10;
/// The name of programs and maps in the kernel's lists (`bpftool prog`), ended by zeros.
const NAME: [u8; 16] = *b"meridian\0\0\0\0\0\0\0\0";
/// The programs' licence, as modules name theirs.
const LICENCE: &std::ffi::CStr = c"Dual MIT/GPL";

// linux/bpf.h
const MAP_CREATE: libc::c_int = 0;
const MAP_UPDATE_ELEM: libc::c_int = 2;
const PROG_LOAD: libc::c_int = 5;
const LINK_CREATE: libc::c_int = 28;
const MAP_TYPE_XSKMAP: u32 = 17;
const PROG_TYPE_XDP: u32 = 6;
const ATTACH_TYPE_XDP: u32 = 37;
// linux/if_link.h
const XDP_FLAGS_GENERIC: u32 = 1 << 1;
const XDP_FLAGS_NATIVE: u32 = 1 << 2;

/// Where in the kernel the program stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::server) enum AttachMode {
    /// In the driver: frames come before the kernel has made anything of them.
    Native,
    /// Behind the driver, with any driver: frames come after the kernel has made a packet of them.
    Generic,
}

impl fmt::Display for AttachMode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            AttachMode::Native => "native",
            AttachMode::Generic => "generic",
        })
    }
}

/// From the number of a receive queue to the socket that takes its frames (`BPF_MAP_TYPE_XSKMAP`).
pub(in crate::server) struct FrameMap(OwnedFd);

impl FrameMap {
    /// An empty map for so many queues.
    pub(in crate::server) fn new(queues: u32) -> io::Result<FrameMap> {
        #[repr(C)]
        struct Attributes {
            map_type: u32,
            key_size: u32,
            value_size: u32,
            max_entries: u32,
            map_flags: u32,
            inner_map: u32,
            numa_node: u32,
            name: [u8; 16],
        }
        let attributes = Attributes {
            map_type: MAP_TYPE_XSKMAP,
            key_size: size_of::<u32>() as u32,
            value_size: size_of::<u32>() as u32,
            max_entries: queues,
            map_flags: 0,
            inner_map: 0,
            numa_node: 0,
            name: NAME,
        };
        // SAFETY: the attributes hold no pointers.
        unsafe { create(MAP_CREATE, &attributes) }.map(FrameMap)
    }

    /// Leads the frames of a receive queue to its socket.
    pub(in crate::server) fn lead(&self, number: u32, queue: &Queue) -> io::Result<()> {
        #[repr(C)]
        struct Attributes {
            map: u32,
            padding: u32,
            key: u64,
            value: u64,
            flags: u64,
        }
        let socket = queue.as_raw_fd() as u32;
        let (key, value) = (&raw const number, &raw const socket);
        let map = self.0.as_raw_fd() as u32;
        let attributes = Attributes { map, padding: 0, key: key as u64, value: value as u64, flags: 0 };
        // SAFETY: key and value are good for the four octets each that the map was made with.
        unsafe { call(MAP_UPDATE_ELEM, &attributes) }?;
        Ok(())
    }

    /// The number by which a program names the map.
    pub(in crate::server) fn descriptor(&self) -> i32 {
        self.0.as_raw_fd()
    }
}

/// A program that the kernel has verified.
pub(in crate::server) struct Program(OwnedFd);

impl Program {
    /// Loads an XDP program of these instructions. Where the kernel refuses the program itself, the error says which
    /// instruction and why.
    pub(in crate::server) fn load(instructions: &[[u8; 8]]) -> io::Result<Program> {
        match load(instructions, &mut []) {
            Err(error) if matches!(error.raw_os_error(), Some(libc::EACCES | libc::EINVAL)) => {
                let mut log = vec![0; VERIFIER_LOG_MAX];
                load(instructions, &mut log)
                    .map(Program)
                    .map_err(|_| io::Error::new(error.kind(), reason(&error, &log)))
            }
            loaded => loaded.map(Program),
        }
    }
}

/// What the kernel said, with the end of the verifier's log if it has written one.
fn reason(error: &io::Error, log: &[u8]) -> String {
    const LINES: usize = 3;
    let text = String::from_utf8_lossy(log.split(|&octet| octet == 0).next().unwrap_or_default());
    let lines: Vec<&str> = text.lines().collect();
    match &lines[lines.len().saturating_sub(LINES)..] {
        [] => error.to_string(),
        last => format!("{error}: {}", last.join("; ")),
    }
}

fn load(instructions: &[[u8; 8]], log: &mut [u8]) -> io::Result<OwnedFd> {
    #[repr(C)]
    struct Attributes {
        kind: u32,
        instruction_count: u32,
        instructions: u64,
        licence: u64,
        log_level: u32,
        log_size: u32,
        log: u64,
        kernel_version: u32,
        flags: u32,
        name: [u8; 16],
    }
    let attributes = Attributes {
        kind: PROG_TYPE_XDP,
        instruction_count: instructions.len() as u32,
        instructions: instructions.as_ptr() as u64,
        licence: LICENCE.as_ptr() as u64,
        log_level: u32::from(!log.is_empty()),
        log_size: log.len() as u32,
        log: if log.is_empty() { 0 } else { log.as_mut_ptr() as u64 },
        kernel_version: 0,
        flags: 0,
        name: NAME,
    };
    // SAFETY: the pointers lead to the instructions, a string with its zero, and room for the log, each as long as told.
    unsafe { create(PROG_LOAD, &attributes) }
}

/// A program at an interface. It is taken away when this is dropped, or the process ends however it ends.
pub(in crate::server) struct Link {
    _descriptor: OwnedFd,
}

impl Link {
    /// Attaches a program. The kernel refuses where another one stands.
    pub(in crate::server) fn attach(
        program: &Program,
        interface: &Interface,
        mode: AttachMode,
    ) -> io::Result<Link> {
        #[repr(C)]
        struct Attributes {
            program: u32,
            interface: u32,
            attach_type: u32,
            flags: u32,
        }
        let attributes = Attributes {
            program: program.0.as_raw_fd() as u32,
            interface: interface.index(),
            attach_type: ATTACH_TYPE_XDP,
            flags: match mode {
                AttachMode::Native => XDP_FLAGS_NATIVE,
                AttachMode::Generic => XDP_FLAGS_GENERIC,
            },
        };
        // SAFETY: the attributes hold no pointers.
        let descriptor = unsafe { create(LINK_CREATE, &attributes) }?;
        Ok(Link { _descriptor: descriptor })
    }
}

/// A command that gives a descriptor, which the kernel closes on exec.
///
/// # Safety
///
/// As [`call`].
unsafe fn create<T>(command: libc::c_int, attributes: &T) -> io::Result<OwnedFd> {
    // SAFETY: as the caller says; a descriptor that the kernel has just given is owned by nobody else.
    unsafe { Ok(OwnedFd::from_raw_fd(call(command, attributes)?)) }
}

/// # Safety
///
/// Pointers in `attributes`, which has no padding, are good for what the command does with them.
unsafe fn call<T>(command: libc::c_int, attributes: &T) -> io::Result<libc::c_int> {
    let attributes: *const T = attributes;
    // SAFETY: the attributes are as long as told, the rest as the caller says.
    let result = unsafe { libc::syscall(libc::SYS_bpf, command, attributes, size_of::<T>()) };
    super::super::check(result as libc::c_int)
}
