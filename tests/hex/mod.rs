//! Octets as two digits each.

/// Octets as text.
pub fn written(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// The octets of a text, or that it is none of them.
pub fn read(text: &str) -> Result<Vec<u8>, String> {
    let fault = || format!("{text} is not hex");
    if !text.len().is_multiple_of(2) {
        return Err(fault());
    }
    (0..text.len())
        .step_by(2)
        .map(|at| text.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok()).ok_or_else(fault))
        .collect()
}
