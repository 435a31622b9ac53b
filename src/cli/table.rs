//! Tables as all commands print them: no borders, one line under the head.

use std::fmt;

use comfy_table::{LineStyle, Row, Table, TableStyle};

const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// A table with a head; rows are added with [`ShownTable::row`].
pub(super) struct ShownTable(Table);

impl ShownTable {
    /// An empty table.
    pub(super) fn new(head: &[&str]) -> ShownTable {
        let mut table = Table::new();
        table.load_style(STYLE).set_header(head.iter().copied());
        ShownTable(table)
    }

    /// Adds a row.
    pub(super) fn row(&mut self, row: impl Into<Row>) {
        self.0.add_row(row);
    }

    /// Whether there is no row.
    pub(super) fn is_empty(&self) -> bool {
        self.0.row_count() == 0
    }
}

impl fmt::Display for ShownTable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.trim_fmt())
    }
}
