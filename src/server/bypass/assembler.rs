//! A small assembler for the kernel's virtual machine (RFC 9669), so that no compiler for it is needed.

/// A register. `R0` holds results, `R1` to `R5` arguments of calls, which do not keep them; `R6` to `R9` are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Register(u8);

pub(super) const R0: Register = Register(0);
pub(super) const R1: Register = Register(1);
pub(super) const R2: Register = Register(2);
pub(super) const R3: Register = Register(3);
pub(super) const R4: Register = Register(4);
pub(super) const R5: Register = Register(5);
pub(super) const R6: Register = Register(6);
pub(super) const R7: Register = Register(7);
pub(super) const R8: Register = Register(8);
pub(super) const R9: Register = Register(9);

/// How much is loaded; the rest of the register becomes 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Width {
    /// One octet.
    Octet = 0x10,
    /// Two, in the machine's order.
    Half = 0x08,
    /// Four, in the machine's order.
    Word = 0x00,
}

/// A place to jump to, further down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Label(usize);

/// An instruction set down in order; jumps go forward to labels only, so that every program ends.
#[derive(Debug, Default)]
pub(super) struct Assembler {
    instructions: Vec<[u8; 8]>,
    /// Jumps to each label that are still open; `None` for a label that has its place.
    open: Vec<Option<Vec<usize>>>,
}

// Operation codes (RFC 9669 §3): class, and what stands in its upper bits.
const LOAD_WORD_PAIR: u8 = 0x18;
const LOAD_FROM_MEMORY: u8 = 0x61;
const ADD_NUMBER: u8 = 0x07;
const AND_NUMBER: u8 = 0x57;
const MOVE_NUMBER: u8 = 0xb7;
const MOVE_REGISTER: u8 = 0xbf;
const JUMP: u8 = 0x05;
const JUMP_IF_GREATER: u8 = 0x2d;
/// Compares the lower 32 bits only: a number in an instruction has its sign extended otherwise.
const JUMP_IF_EQUAL_NUMBER: u8 = 0x16;
const JUMP_UNLESS_EQUAL_NUMBER: u8 = 0x56;
const CALL: u8 = 0x85;
const EXIT: u8 = 0x95;
/// What makes the number of a [`LOAD_WORD_PAIR`] a map's descriptor (RFC 9669 §5.4).
const MAP_BY_DESCRIPTOR: Register = Register(1);

impl Assembler {
    /// A new label.
    pub(super) fn label(&mut self) -> Label {
        self.open.push(Some(Vec::new()));
        Label(self.open.len() - 1)
    }

    /// Puts a label here.
    pub(super) fn place(&mut self, label: Label) {
        let here = self.instructions.len();
        for jump in self.open[label.0].take().expect("a label is placed once") {
            // Counted from the instruction behind the jump.
            let offset =
                i16::try_from(here - jump - 1).expect("programs are bounded far below 2^15 instructions");
            self.instructions[jump][2..4].copy_from_slice(&offset.to_ne_bytes());
        }
    }

    /// `to = from`
    pub(super) fn copy(&mut self, to: Register, from: Register) {
        self.put(MOVE_REGISTER, to, from, 0, 0);
    }

    /// `to = number`
    pub(super) fn set(&mut self, to: Register, number: i32) {
        self.put(MOVE_NUMBER, to, R0, 0, number);
    }

    /// `to = the map with that descriptor`
    pub(super) fn set_map(&mut self, to: Register, descriptor: i32) {
        self.put(LOAD_WORD_PAIR, to, MAP_BY_DESCRIPTOR, 0, descriptor);
        self.put(0, R0, R0, 0, 0);
    }

    /// `to = memory[from + offset]`
    pub(super) fn load(&mut self, width: Width, to: Register, from: Register, offset: i16) {
        self.put(LOAD_FROM_MEMORY | width as u8, to, from, offset, 0);
    }

    /// `to += number`
    pub(super) fn add(&mut self, to: Register, number: i32) {
        self.put(ADD_NUMBER, to, R0, 0, number);
    }

    /// `to &= number`
    pub(super) fn and(&mut self, to: Register, number: i32) {
        self.put(AND_NUMBER, to, R0, 0, number);
    }

    /// Goes on at the label if `left > right`.
    pub(super) fn jump_if_greater(&mut self, left: Register, right: Register, label: Label) {
        self.jump(JUMP_IF_GREATER, left, right, 0, label);
    }

    /// Goes on at the label if the lower 32 bits of `left` are `number`.
    pub(super) fn jump_if_equal(&mut self, left: Register, number: u32, label: Label) {
        self.jump(JUMP_IF_EQUAL_NUMBER, left, R0, number as i32, label);
    }

    /// Goes on at the label unless the lower 32 bits of `left` are `number`.
    pub(super) fn jump_unless_equal(&mut self, left: Register, number: u32, label: Label) {
        self.jump(JUMP_UNLESS_EQUAL_NUMBER, left, R0, number as i32, label);
    }

    /// Goes on at the label.
    pub(super) fn jump_to(&mut self, label: Label) {
        self.jump(JUMP, R0, R0, 0, label);
    }

    /// `R0 = function(R1, R2, …)`, by the number of the kernel's function.
    pub(super) fn call(&mut self, function: i32) {
        self.put(CALL, R0, R0, 0, function);
    }

    /// Ends with `R0`.
    pub(super) fn exit(&mut self) {
        self.put(EXIT, R0, R0, 0, 0);
    }

    /// The program.
    pub(super) fn finish(self) -> Vec<[u8; 8]> {
        assert!(self.open.iter().all(Option::is_none), "every label has its place");
        self.instructions
    }

    fn jump(&mut self, code: u8, left: Register, right: Register, number: i32, label: Label) {
        let here = self.instructions.len();
        self.open[label.0].as_mut().expect("jumps go forward").push(here);
        self.put(code, left, right, 0, number);
    }

    fn put(&mut self, code: u8, to: Register, from: Register, offset: i16, number: i32) {
        let registers = if cfg!(target_endian = "little") { from.0 << 4 | to.0 } else { to.0 << 4 | from.0 };
        let ([offset_0, offset_1], [a, b, c, d]) = (offset.to_ne_bytes(), number.to_ne_bytes());
        self.instructions.push([code, registers, offset_0, offset_1, a, b, c, d]);
    }
}

#[cfg(test)]
#[cfg(target_endian = "little")]
mod tests {
    use super::*;

    #[test]
    fn instructions_have_the_form_of_rfc_9669() {
        let mut assembler = Assembler::default();
        let end = assembler.label();
        assembler.copy(R6, R1);
        assembler.load(Width::Word, R2, R1, 4);
        assembler.load(Width::Half, R5, R2, 12);
        assembler.load(Width::Octet, R5, R2, -1);
        assembler.add(R4, 42);
        assembler.jump_if_greater(R4, R3, end);
        assembler.jump_if_equal(R5, 0x0608, end);
        assembler.and(R5, 0xbf);
        assembler.jump_unless_equal(R7, 0xc000_0201, end);
        assembler.set_map(R1, 7);
        assembler.jump_to(end);
        assembler.call(51);
        assembler.place(end);
        assembler.set(R0, 2);
        assembler.exit();
        let expected = [
            [0xbf, 0x16, 0, 0, 0, 0, 0, 0],
            [0x61, 0x12, 4, 0, 0, 0, 0, 0],
            [0x69, 0x25, 12, 0, 0, 0, 0, 0],
            [0x71, 0x25, 0xff, 0xff, 0, 0, 0, 0],
            [0x07, 0x04, 0, 0, 42, 0, 0, 0],
            [0x2d, 0x34, 7, 0, 0, 0, 0, 0],
            [0x16, 0x05, 6, 0, 8, 6, 0, 0],
            [0x57, 0x05, 0, 0, 0xbf, 0, 0, 0],
            [0x56, 0x07, 4, 0, 0x01, 0x02, 0x00, 0xc0],
            [0x18, 0x11, 0, 0, 7, 0, 0, 0],
            [0, 0, 0, 0, 0, 0, 0, 0],
            [0x05, 0, 1, 0, 0, 0, 0, 0],
            [0x85, 0, 0, 0, 51, 0, 0, 0],
            [0xb7, 0, 0, 0, 2, 0, 0, 0],
            [0x95, 0, 0, 0, 0, 0, 0, 0],
        ];
        assert_eq!(assembler.finish(), expected);
    }

    #[test]
    #[should_panic(expected = "every label has its place")]
    fn a_label_without_a_place_is_noticed() {
        let mut assembler = Assembler::default();
        let nowhere = assembler.label();
        assembler.jump_to(nowhere);
        assembler.finish();
    }
}
