-- breaking: no
-- Rows of imported files are found by the contact they became, so that erasing a contact erases what a file said of it.

create index import_row_contact on import_row (contact_id) where contact_id is not null;
