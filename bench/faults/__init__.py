"""What many, slow or hostile clients cost: a module a row, which prints one line of JSON and fails when it is missed."""
