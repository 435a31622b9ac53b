//! The program that chooses frames: it runs in the kernel for each frame that the interface receives.
//!
//! Only what the workers can answer whole goes to them: a UDP datagram in one frame, without VLAN tag, IPv4 options,
//! IPv6 extension headers or fragments, for this interface's hardware address and one of the served addresses. All
//! else goes on to the kernel's stack as if nothing were here: TCP, ARP, ICMP, neighbour discovery, other ports, and
//! queries that are odd or long, which the sockets answer.

use std::net::{IpAddr, SocketAddr};

use super::assembler::{Assembler, Label, R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, Register, Width};
use super::frame::{ETHERTYPE_IPV4, ETHERTYPE_IPV6, IPV4_HEADERS, IPV6_HEADERS, UDP, VERSION_4, VERSION_6};

/// Served addresses that a program compares with: the bound of its length, and of the time that a frame costs.
pub(super) const ADDRESSES_MAX: usize = 64;

/// What becomes of a frame that goes on to the kernel's stack (`XDP_PASS`).
const PASS: i32 = 2;
/// The number of `bpf_redirect_map` among the kernel's functions.
const REDIRECT_MAP: i32 = 51;

// What the program is given (`struct xdp_md`): where the frame begins and ends, and its receive queue.
const DATA: i16 = 0;
const DATA_END: i16 = 4;
const RECEIVE_QUEUE: i16 = 16;

// Offsets in a frame.
const DESTINATION: i16 = 0;
const ETHERTYPE: i16 = 12;
const IPV4_VERSION: i16 = 14;
const IPV4_FRAGMENT: i16 = 20;
const IPV4_PROTOCOL: i16 = 23;
const IPV4_DESTINATION: i16 = 30;
const IPV4_PORT: i16 = 36;
const IPV6_VERSION: i16 = 14;
const IPV6_NEXT_HEADER: i16 = 20;
const IPV6_DESTINATION: i16 = 38;
const IPV6_PORT: i16 = 56;

/// All of the field but "don't fragment": anything set there is a fragment, or no packet of today.
const FRAGMENT_BITS: u16 = 0xBFFF;

/// What a program is to choose.
pub(super) struct Choice<'c> {
    /// The interface's own.
    pub(super) hardware_address: [u8; 6],
    /// The longest frame that a worker takes, in octets.
    pub(super) frame_max: usize,
    /// Unicast addresses with their ports, at most [`ADDRESSES_MAX`].
    pub(super) served: &'c [SocketAddr],
}

/// The program that hands the chosen frames to the sockets in `map` (a descriptor), each by its receive queue. A queue
/// without a socket passes all of its frames.
pub(super) fn assemble(choice: &Choice<'_>, map: i32) -> Vec<[u8; 8]> {
    let mut program = Assembler::default();
    let [take, pass, ipv4] = [(); 3].map(|()| program.label());
    // R6: what is given. R2: the frame's first octet. R3: behind its last.
    program.copy(R6, R1);
    program.load(Width::Word, R2, R6, DATA);
    program.load(Width::Word, R3, R6, DATA_END);
    program.copy(R4, R2);
    program.add(R4, choice.frame_max as i32);
    program.jump_if_greater(R3, R4, pass);
    pass_shorter(&mut program, IPV4_HEADERS, pass);

    let [a, b, c, d, e, f] = choice.hardware_address;
    require(&mut program, Width::Word, DESTINATION, u32::from_ne_bytes([a, b, c, d]), pass);
    require(&mut program, Width::Half, DESTINATION + 4, half([e, f]), pass);
    program.load(Width::Half, R5, R2, ETHERTYPE);
    program.jump_if_equal(R5, half(ETHERTYPE_IPV4.to_be_bytes()), ipv4);
    program.jump_unless_equal(R5, half(ETHERTYPE_IPV6.to_be_bytes()), pass);

    choose_ipv6(&mut program, choice.served, take, pass);
    program.place(ipv4);
    choose_ipv4(&mut program, choice.served, take, pass);

    program.place(take);
    program.load(Width::Word, R2, R6, RECEIVE_QUEUE);
    program.set_map(R1, map);
    program.set(R3, PASS);
    program.call(REDIRECT_MAP);
    program.exit();

    program.place(pass);
    program.set(R0, PASS);
    program.exit();
    program.finish()
}

fn choose_ipv6(program: &mut Assembler, served: &[SocketAddr], take: Label, pass: Label) {
    pass_shorter(program, IPV6_HEADERS, pass);
    program.load(Width::Octet, R5, R2, IPV6_VERSION);
    program.and(R5, 0xF0);
    program.jump_unless_equal(R5, VERSION_6.into(), pass);
    require(program, Width::Octet, IPV6_NEXT_HEADER, UDP.into(), pass);
    let words: [Register; 4] = [R7, R8, R9, R0];
    for (register, offset) in words.into_iter().zip((IPV6_DESTINATION..).step_by(4)) {
        program.load(Width::Word, register, R2, offset);
    }
    program.load(Width::Half, R5, R2, IPV6_PORT);
    for address in served {
        let IpAddr::V6(ip) = address.ip() else { continue };
        let other = program.label();
        let octets = ip.octets();
        for (register, word) in words.into_iter().zip(octets.chunks_exact(4)) {
            let word = u32::from_ne_bytes([word[0], word[1], word[2], word[3]]);
            program.jump_unless_equal(register, word, other);
        }
        program.jump_if_equal(R5, half(address.port().to_be_bytes()), take);
        program.place(other);
    }
    program.jump_to(pass);
}

fn choose_ipv4(program: &mut Assembler, served: &[SocketAddr], take: Label, pass: Label) {
    require(program, Width::Octet, IPV4_VERSION, VERSION_4.into(), pass);
    program.load(Width::Half, R5, R2, IPV4_FRAGMENT);
    program.and(R5, half(FRAGMENT_BITS.to_be_bytes()) as i32);
    program.jump_unless_equal(R5, 0, pass);
    require(program, Width::Octet, IPV4_PROTOCOL, UDP.into(), pass);
    program.load(Width::Word, R7, R2, IPV4_DESTINATION);
    program.load(Width::Half, R5, R2, IPV4_PORT);
    for address in served {
        let IpAddr::V4(ip) = address.ip() else { continue };
        let other = program.label();
        program.jump_unless_equal(R7, u32::from_ne_bytes(ip.octets()), other);
        program.jump_if_equal(R5, half(address.port().to_be_bytes()), take);
        program.place(other);
    }
    program.jump_to(pass);
}

/// Frames below `length` octets pass; behind this the verifier lets the program read so many.
fn pass_shorter(program: &mut Assembler, length: usize, pass: Label) {
    program.copy(R4, R2);
    program.add(R4, length as i32);
    program.jump_if_greater(R4, R3, pass);
}

/// Frames pass that have anything but `value` at `offset`.
fn require(program: &mut Assembler, width: Width, offset: i16, value: u32, pass: Label) {
    program.load(width, R5, R2, offset);
    program.jump_unless_equal(R5, value, pass);
}

/// Two octets as the program loads them: in the machine's order.
fn half(octets: [u8; 2]) -> u32 {
    u16::from_ne_bytes(octets).into()
}

#[cfg(test)]
#[cfg(target_endian = "little")]
mod tests;
