"""Files of other programs in and out: COINr's tables, tables with two rows of headings."""
