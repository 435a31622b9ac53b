//! Reads the parts of DNS messages (RFC 1035 §4.1), strictly and without any code of the product.

/// Octets and how far they are read.
pub struct Reader<'o> {
    pub octets: &'o [u8],
    pub position: usize,
}

/// A name as it stood in the message, its case kept.
pub struct ReadName {
    pub labels: Vec<Vec<u8>>,
    /// Whether it ended in a pointer.
    pub compressed: bool,
}

/// What stands between a record's owner and its data.
pub struct RecordHead {
    pub rtype: u16,
    pub class: u16,
    pub ttl: u32,
    /// Octets of the data.
    pub length: usize,
}

impl<'o> Reader<'o> {
    pub fn new(octets: &'o [u8]) -> Reader<'o> {
        Reader { octets, position: 0 }
    }

    pub fn take(&mut self, length: usize) -> Result<&'o [u8], String> {
        let taken = self.octets.get(self.position..self.position + length);
        self.position += length;
        taken.ok_or_else(|| format!("{} octets are too few", self.octets.len()))
    }

    pub fn word(&mut self) -> Result<u16, String> {
        self.take(2).map(|octets| u16::from_be_bytes([octets[0], octets[1]]))
    }

    pub fn double_word(&mut self) -> Result<u32, String> {
        Ok(u32::from(self.word()?) << 16 | u32::from(self.word()?))
    }

    pub fn header(&mut self) -> Result<[u16; 6], String> {
        let mut words = [0; 6];
        for word in &mut words {
            *word = self.word()?;
        }
        Ok(words)
    }

    /// A name; pointers must go backwards.
    pub fn name(&mut self) -> Result<ReadName, String> {
        let mut labels = Vec::new();
        let mut after = None;
        let mut limit = self.position;
        loop {
            let length = self.take(1)?[0];
            match length {
                0 => break,
                1..=63 => labels.push(self.take(usize::from(length))?.to_vec()),
                192.. => {
                    let target = usize::from(length & 0x3f) << 8 | usize::from(self.take(1)?[0]);
                    after.get_or_insert(self.position);
                    if target >= limit {
                        return Err(format!("a pointer to {target} that does not go backwards"));
                    }
                    (limit, self.position) = (target, target);
                }
                other => return Err(format!("a label of kind {other:#x}")),
            }
        }
        let compressed = after.is_some();
        self.position = after.unwrap_or(self.position);
        Ok(ReadName { labels, compressed })
    }

    pub fn record_head(&mut self) -> Result<RecordHead, String> {
        let (rtype, class) = (self.word()?, self.word()?);
        let (ttl, length) = (self.double_word()?, usize::from(self.word()?));
        Ok(RecordHead { rtype, class, ttl, length })
    }

    /// The options that are the data of an OPT, to the end (RFC 6891 §6.1.2).
    pub fn options(&mut self) -> Result<Vec<(u16, Vec<u8>)>, String> {
        let mut options = Vec::new();
        while self.position < self.octets.len() {
            let (code, length) = (self.word()?, self.word()?);
            options.push((code, self.take(usize::from(length))?.to_vec()));
        }
        Ok(options)
    }

    /// That nothing is left.
    pub fn end(&self) -> Result<(), String> {
        match self.octets.len() - self.position {
            0 => Ok(()),
            left => Err(format!("{left} octets after the message")),
        }
    }
}
