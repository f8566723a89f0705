"""Who is answered how: a table for each contract."""
